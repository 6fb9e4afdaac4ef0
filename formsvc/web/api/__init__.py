"""The HTTP interface. Its complaints are in Chinese from the first envelope on."""

from formsvc.web.api.wording import speak_chinese

speak_chinese()
