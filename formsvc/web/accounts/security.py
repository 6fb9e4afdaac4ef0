"""Flask-Security over the store: its settings, its secrets, and what is known of who asks."""

import base64
from datetime import timedelta
from typing import Any, Final

from flask import Flask, current_app, flash, g, render_template, request, session
from flask.sessions import SecureCookieSessionInterface
from flask_security import (
    MailUtil,
    PasswordUtil,
    Security,
    Totp,
    WebauthnUtil,
    current_user,
    password_changed,
    password_reset,
    tf_disabled,
    tf_profile_changed,
    user_authenticated,
    user_failed_authn,
    wan_deleted,
    wan_registered,
)
from flask_security.mail_util import EmailValidateException
from flask_security.recovery_codes import MfRecoveryCodesUtil
from passlib.exc import TokenError
from webauthn.helpers.structs import (
    AuthenticatorSelectionCriteria,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

from formsvc.store import locks, people, tokens
from formsvc.store.access import Actor
from formsvc.store.errors import Invalid
from formsvc.store.keyring import Keyring
from formsvc.store.mailing import Post
from formsvc.store.models import Person
from formsvc.store.store import Store
from formsvc.web import csrf
from formsvc.web.accounts import forms
from formsvc.web.accounts.datastore import Account, Datastore, later, on_commit
from formsvc.web.accounts.messages import messages
from formsvc.web.held import secure, store

ISSUER: Final = "人才项目申报"
BLUEPRINT: Final = "security"
# RFC 9106, section 4: the second choice, for machines whose memory is not all for this.
HASHING = {"argon2__time_cost": 3, "argon2__memory_cost": 65_536, "argon2__parallelism": 4}
_SHORTEST: Final = 10
_LONGEST: Final = 128
_DISTINCT: Final = 5  # characters in a password
_DAY: Final = timedelta(hours=12)  # that a session lasts
_BEARER: Final = "Bearer "
_SAFE: Final = frozenset({"GET", "HEAD", "OPTIONS"})
_FORGOT: Final = "security.forgot_password"


def install(app: Flask, held: Store) -> Security:
    """Sign-in under /account, for the people of a store."""
    app.config.from_mapping(_settings(held.keys))
    app.config.from_mapping(messages())
    app.session_interface = _Sessions()
    csrf.install(app)
    app.before_request(_protect)
    security = Security(
        app, Datastore(), render_template=render_template, login_form=forms.SignInForm,
        verify_form=forms.AgainForm, change_password_form=forms.OtherPasswordForm,
        two_factor_verify_code_form=forms.CodeForm, two_factor_rescue_form=forms.RescueForm,
        two_factor_setup_form=forms.SecondForm, mf_recovery_form=forms.RecoveryForm,
        wan_register_form=forms.PasskeyForm,
        mail_util_cls=_Mail, password_util_cls=_Passwords, totp_cls=_Codes,
        webauthn_util_cls=_Passkeys, mf_recovery_codes_util_cls=_RecoveryCodes,
    )  # fmt: skip
    security.want_json(lambda _: False)
    # Programs come with our own tokens: those of Flask-Security are not looked for.
    security.login_manager.request_loader(lambda _: None)
    # A session is bound to its browser; addresses change on the way from office to train.
    security.login_manager._session_identifier_generator = _browser
    app.extensions["formsvc-actor"] = _actor
    for signal, handler in _HANDLERS:
        signal.connect(handler, app)
    return security


def _settings(keys: Keyring) -> dict[str, Any]:
    recovery = base64.urlsafe_b64encode(keys.derived("recovery-codes"))
    return {
        "SECRET_KEY": keys.derived("session").hex(),
        "SESSION_COOKIE_NAME": "formsvc_session",
        "SESSION_COOKIE_HTTPONLY": True,
        "SESSION_COOKIE_SAMESITE": "Lax",
        "PERMANENT_SESSION_LIFETIME": _DAY,
        "REMEMBER_COOKIE_DURATION": _DAY,
        "REMEMBER_COOKIE_HTTPONLY": True,
        "REMEMBER_COOKIE_SAMESITE": "Lax",
        "SESSION_PROTECTION": "strong",
        "WTF_CSRF_ENABLED": False,  # `_protect` does it, for these forms as for ours
        "SECURITY_PASSWORD_SALT": keys.derived("password-salt").hex(),
        "SECURITY_PASSWORD_HASH": "argon2",
        "SECURITY_PASSWORD_SCHEMES": ["argon2"],
        "SECURITY_PASSWORD_HASH_PASSLIB_OPTIONS": HASHING,
        "SECURITY_PASSWORD_LENGTH_MIN": _SHORTEST,
        "SECURITY_TOTP_SECRETS": {"1": keys.derived("totp").hex()},
        "SECURITY_TOTP_ISSUER": ISSUER,
        "SECURITY_MULTI_FACTOR_RECOVERY_CODES": True,
        "SECURITY_MULTI_FACTOR_RECOVERY_CODES_N": 8,
        "SECURITY_MULTI_FACTOR_RECOVERY_CODES_KEYS": [recovery],
        "SECURITY_TWO_FACTOR": True,
        "SECURITY_TWO_FACTOR_ENABLED_METHODS": ["authenticator"],
        "SECURITY_TWO_FACTOR_RESCUE_EMAIL": False,
        "SECURITY_TWO_FACTOR_AUTHENTICATOR_VALIDITY": 30,
        "SECURITY_TWO_FACTOR_POST_SETUP_VIEW": "accounts.overview",
        "SECURITY_WEBAUTHN": True,
        "SECURITY_WAN_RP_NAME": ISSUER,
        "SECURITY_WAN_ALLOW_USER_HINTS": False,
        "SECURITY_WAN_ALLOW_AS_VERIFY": ["first"],
        "SECURITY_CHANGEABLE": True,
        "SECURITY_RECOVERABLE": True,
        "SECURITY_RETURN_GENERIC_RESPONSES": True,
        "SECURITY_API_ENABLED_METHODS": ["session"],
        "SECURITY_FRESHNESS": timedelta(hours=1),
        "SECURITY_FRESHNESS_GRACE_PERIOD": timedelta(minutes=10),
        "SECURITY_EMAIL_HTML": False,
        "SECURITY_STATIC_FOLDER": None,
        "SECURITY_CLI_USERS_NAME": None,
        "SECURITY_CLI_ROLES_NAME": None,
        "SECURITY_URL_PREFIX": "/account",
        **{f"SECURITY_{name}_URL": address for name, address in _ADDRESSES.items()},
        **{f"SECURITY_{name}_VIEW": view for name, view in _VIEWS.items()},
        **{f"SECURITY_{name}_TEMPLATE": f"account/{page}.html" for name, page in _PAGES.items()},
        "SECURITY_EMAIL_TEMPLATE_PASSWORD_RESET": "account/mail/reset",
        "SECURITY_EMAIL_TEMPLATE_PASSWORD_RESET_NOTICE": "account/mail/changed",
        "SECURITY_EMAIL_TEMPLATE_PASSWORD_CHANGE_NOTICE": "account/mail/changed",
    }


_ADDRESSES: Final = {
    "CHANGE": "/password", "VERIFY": "/again", "TWO_FACTOR_SETUP": "/second",
    "TWO_FACTOR_TOKEN_VALIDATION": "/code", "TWO_FACTOR_RESCUE": "/rescue",
    "TWO_FACTOR_SELECT": "/select", "MULTI_FACTOR_RECOVERY_CODES": "/recovery-codes",
    "MULTI_FACTOR_RECOVERY": "/recovery", "WAN_REGISTER": "/passkeys",
    "WAN_SIGNIN": "/passkey", "WAN_DELETE": "/passkeys-delete", "WAN_VERIFY": "/passkey-again",
}  # fmt: skip
_VIEWS: Final = {
    "POST_LOGIN": "filings.start", "POST_LOGOUT": "views.index",
    "POST_CHANGE": "accounts.overview", "POST_VERIFY": "accounts.overview",
}  # fmt: skip
_PAGES: Final = {
    "LOGIN_USER": "login", "LOGOUT_USER": "logout", "VERIFY": "again",
    "CHANGE_PASSWORD": "password",
    "FORGOT_PASSWORD": "forgot", "RESET_PASSWORD": "reset", "TWO_FACTOR_SETUP": "second",
    "TWO_FACTOR_VERIFY_CODE": "code", "TWO_FACTOR_SELECT": "select",
    "MULTI_FACTOR_RECOVERY": "recovery", "MULTI_FACTOR_RECOVERY_CODES": "recovery_codes",
    "WAN_REGISTER": "passkeys", "WAN_SIGNIN": "passkey", "WAN_VERIFY": "passkey_again",
}  # fmt: skip


def _protect() -> None:
    """Flask-Security's pages take no post but from themselves."""
    if request.blueprint == BLUEPRINT and request.method not in _SAFE:
        csrf.protect()
        if request.endpoint == _FORGOT:
            tell_when_late()  # to whoever asks: that somebody has an account is not told


def post(to: str, subject: str, text: str, days: int = 1) -> None:
    """Hand a mail over to be sent, where mails are; its links lead to the address that the operator
    set, whatever this request came by."""
    held: Post | None = current_app.extensions.get("formsvc-mail")
    if held is None:
        return
    if address := store().settings.address:
        text = text.replace(request.url_root, f"{address.rstrip('/')}/")
    held.put(to, f"{ISSUER}：{subject}", text, days)


def tell_when_late() -> None:
    """Say in the page that mails go out later where the mail server does not answer."""
    held: Post | None = current_app.extensions.get("formsvc-mail")
    if held is not None and not held.answers():
        flash("邮件服务器现在没有应答。邮件已经排队，恢复后自动发出，不用再申请。", "info")


def _browser() -> str:
    agent = request.headers.get("User-Agent", "")
    return base64.urlsafe_b64encode(store().keys.digest("browser", agent)).decode()


def _actor() -> Actor | None:
    """Who asks: by a token, which is for the interface alone, or by the session of a browser."""
    is_interface = request.path.startswith("/api/")
    sent = request.headers.get("Authorization", "")
    if is_interface and sent:
        return tokens.bearer(store(), sent.removeprefix(_BEARER)) if _is_bearer(sent) else None
    if is_interface and request.method not in _SAFE and not _is_from_here():
        return None
    if not current_user.is_authenticated:
        return None
    with store().reading() as work:
        return store().actor(work.session, current_user.id)


def _is_bearer(sent: str) -> bool:
    return sent.startswith(_BEARER)


def _is_from_here() -> bool:
    """Whether a browser's request comes from a page of ours; browsers name the page's origin."""
    origin = request.headers.get("Origin")
    return origin is None or origin == request.host_url.rstrip("/")


class _Sessions(SecureCookieSessionInterface):
    """Signed cookies, for TLS alone where the browser came over it."""

    def get_cookie_secure(self, app: Flask) -> bool:
        return secure()


class _Mail(MailUtil):
    """Addresses as the store keeps them; mails where sending is set up."""

    def normalize(self, email: str) -> str:
        """An address in small letters."""
        try:
            return people.address(email)
        except Invalid as fault:
            raise EmailValidateException(str(fault)) from None

    validate = normalize

    def send_mail(
        self, template: str, subject: str, recipient: Any, sender: Any, body: str | None,
        html: str | None, **kwargs: Any,
    ) -> None:  # fmt: skip
        """Hand a text over to be sent."""
        post(str(recipient), subject, body or "")


class _Passwords(PasswordUtil):
    """What a password must be: long, not of a few characters, not the address."""

    def validate(
        self, password: str, is_register: bool, **kwargs: Any
    ) -> tuple[list[str] | None, str]:
        """([what is wrong] or None, the password as it is hashed)."""
        plain = self.normalize(password)
        user = kwargs.get("user")
        email = str(getattr(user, "email", kwargs.get("email", "")))
        faults = [text for wrong, text in (
            (len(plain) < _SHORTEST, f"密码至少要有 {_SHORTEST} 个字符，可以用一句话。"),
            (len(plain) > _LONGEST, f"密码最多 {_LONGEST} 个字符。"),
            (len(set(plain)) < _DISTINCT, f"密码太简单：至少要有 {_DISTINCT} 个不同的字符。"),
            (bool(email) and plain.lower() in (email, email.partition("@")[0]),
             "密码不能与邮箱相同。"),
        ) if wrong]  # fmt: skip
        return faults[:1] or None, plain


class _Codes(Totp):
    """The codes of the second step, each good once."""

    def verify_totp(self, token: str, totp_secret: str, user: Any, window: int = 0) -> bool:
        """Whether a code is right; then it is used up."""
        try:
            match = self._totp.verify(token, totp_secret, window=window)
        except TokenError:
            return False
        return locks.use_code(store(), user.id, match.counter)


class _RecoveryCodes(MfRecoveryCodesUtil):
    """Codes that are shown when they are made, and never again; each is good once."""

    def create_recovery_codes(self, user: Any) -> list[str]:
        """New ones in place of all earlier."""
        later(user, "recovery-codes-made")
        return super().create_recovery_codes(user)

    def get_recovery_codes(self, user: Any) -> list[str]:
        """None: they were shown."""
        return []

    def check_recovery_code(self, user: Any, code: str) -> bool:
        """Whether a code is there; it is used up in the same moment."""
        plain = "".join(code.lower().split())
        with store().writing(Actor(user.id)) as work:
            row = work.session.get_one(Person, user.id, with_for_update=True)
            kept = row.recovery.split()
            found = [each for each in kept if self._decrypt_codes([each]) == [plain]]
            if found:
                row.recovery = "\n".join(each for each in kept if each != found[0])
                work.record("recovery-code-used")
                return True
        user.track_failed_authn("recovery", True)
        return False

    def delete_recovery_code(self, user: Any, code: str) -> bool:
        """Done by `check_recovery_code`."""
        return True


class _Passkeys(WebauthnUtil):
    """Passkeys that sign in alone: the device knows for whom, and asks for a finger or a PIN."""

    def authenticator_selection(self, user: Any, usage: str) -> AuthenticatorSelectionCriteria:
        """Any device, built in or not."""
        return AuthenticatorSelectionCriteria(
            resident_key=ResidentKeyRequirement.REQUIRED,
            user_verification=UserVerificationRequirement.REQUIRED,
        )

    def user_verification(self, user: Any, usage: list[str]) -> UserVerificationRequirement:
        """Always."""
        return UserVerificationRequirement.REQUIRED


# what happened


def _signed_in(_: Flask, user: Any, authn_via: list[str] | None = None, **more: Any) -> None:
    how = (authn_via or ["two-factor"])[0]
    if how == "change":  # a new session after another password: nobody came in
        return
    try:
        locks.signed_in(store(), user.id, how)
    except BaseException:
        session.clear()  # who cannot be written down does not come in
        raise
    g.pop("actor", None)


def _failed(_: Flask, user: Any, **more: Any) -> None:
    locks.failed(store(), user.id)


def _other_password(_: Flask, user: Any, **more: Any) -> None:
    account = getattr(user, "_get_current_object", lambda: user)()
    on_commit(account, lambda work, person: locks.unlock(person))
    later(account, "password-changed")


def _told(kind: str) -> Any:
    def record(_: Flask, user: Account, **more: Any) -> None:
        account = getattr(user, "_get_current_object", lambda: user)()
        later(account, kind)

    return record


_HANDLERS: Final = (
    (user_authenticated, _signed_in),
    (user_failed_authn, _failed),
    (password_changed, _other_password),
    (password_reset, _other_password),
    (tf_profile_changed, _told("second-step-on")),
    (tf_disabled, _told("second-step-off")),
    (wan_registered, _told("passkey-added")),
    (wan_deleted, _told("passkey-removed")),
)
