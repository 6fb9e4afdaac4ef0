"""Faults of operators and of authors of forms. A user's data gives findings; it never raises."""


class FormsvcError(Exception):
    """Base of all errors that formsvc raises itself."""


class FormError(FormsvcError):
    """A form's files are wrong. The message names the file and the place in it."""


class TemplateError(FormError):
    """A DOCX or PDF template cannot be prepared or does not agree with its form."""


class UnreadableDocument(FormsvcError):
    """An uploaded DOCX, PDF or XLSX cannot be read. The message is Chinese and for the sender."""


class ConfigError(FormsvcError):
    """A setting in the environment is wrong. The message names the variable."""
