"""Flask-Security's forms, with the lock in front of whatever could be guessed."""

from typing import Any

from flask_security import (
    ChangePasswordForm,
    LoginForm,
    TwoFactorRescueForm,
    TwoFactorSetupForm,
    TwoFactorVerifyCodeForm,
    VerifyForm,
    current_user,
    hash_password,
)
from flask_security.recovery_codes import MfRecoveryForm
from flask_security.utils import get_message
from flask_security.webauthn import WebAuthnRegisterForm
from wtforms import RadioField, StringField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import DataRequired

from formsvc.store import locks, people
from formsvc.store.errors import Invalid
from formsvc.web.accounts.datastore import Account, Datastore
from formsvc.web.held import store


class SignInForm(LoginForm):
    """Address and password. One answer to a wrong address, a wrong password and a locked account,
    after the same work."""

    remember = None

    def validate(self, **kwargs: Any) -> bool:
        """Whether this is somebody who may come in."""
        account = _by_address(self.email.data)
        if account is not None and locks.is_locked(store(), account.id):
            return self._refused(account.id)
        if account is None and self.email.data and self.password.data:
            return self._refused(None)
        return bool(super().validate(**kwargs))

    def _refused(self, id: int | None) -> bool:
        super(LoginForm, self).validate()  # so that the fields' own errors are there too
        hash_password(str(self.password.data or ""))
        locks.failed(store(), id)
        if get_message("GENERIC_AUTHN_FAILED")[0] not in self.form_errors:
            self.form_errors.append(get_message("GENERIC_AUTHN_FAILED")[0])
        return False


def _by_address(text: str | None) -> Account | None:
    try:
        return Datastore().find_user(email=people.address(text or ""))
    except Invalid:
        return None


class AgainForm(VerifyForm):
    """The password once more, before something weighty."""

    def validate(self, **kwargs: Any) -> bool:
        """Whether it is the person who is signed in."""
        if self.user.is_locked(_errors(self.password)):
            return False
        return bool(super().validate(**kwargs))


class OtherPasswordForm(ChangePasswordForm):
    """The old password and a new one, twice."""

    def validate(self, **kwargs: Any) -> bool:
        """Whether the old one is right and the new one good enough."""
        if current_user.is_locked(_errors(self.password)):
            return False
        good = bool(super().validate(**kwargs))
        if get_message("INVALID_PASSWORD")[0] in self.password.errors:
            current_user.track_failed_authn("password")
        return good


class CodeForm(TwoFactorVerifyCodeForm):
    """The six digits of the second step."""

    code = StringField(validators=[DataRequired("请输入 6 位数字验证码。")])

    def validate(self, **kwargs: Any) -> bool:
        """Whether the code is of this half minute or its neighbours, and not used before."""
        if self.user is not None and self.user.is_locked(_errors(self.code)):
            return False
        self.code.data = "".join(str(self.code.data or "").split())
        return bool(super().validate(**kwargs))


class RecoveryForm(MfRecoveryForm):
    """A recovery code in place of the second step."""

    code = StringField(validators=[DataRequired("请输入一个恢复码。")])

    def validate(self, **kwargs: Any) -> bool:
        """Whether the code was there; then it is used up."""
        if self.user is not None and self.user.is_locked(_errors(self.code)):
            return False
        return bool(super().validate(**kwargs))


class SecondForm(TwoFactorSetupForm):
    """To begin with the second step, or to end it."""

    setup = RadioField(
        choices=[SelectChoice("authenticator", "开启"), SelectChoice("disable", "关闭")],
        validate_choice=False,
    )


class RescueForm(TwoFactorRescueForm):
    """The way out for who has no telephone at hand: a recovery code."""

    help_setup = RadioField(choices=[])


class PasskeyForm(WebAuthnRegisterForm):
    """A name for a new passkey, which signs in all by itself."""

    usage = RadioField(choices=[SelectChoice("first", "登录")], default="first")


def _errors(field: Any) -> list[str]:
    """The errors of a field that was not validated yet, as a list of its own."""
    field.errors = list(field.errors)
    errors: list[str] = field.errors
    return errors
