from formsvc.web.api.wording import speak_chinese

speak_chinese()
