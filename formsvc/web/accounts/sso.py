"""The office's single sign-on (OpenID Connect, authorization code with PKCE).

Who comes is known by the provider's own name for them; the first time by a verified address that
has an account or an invitation.
"""

from typing import Any, Final

import requests
from authlib.common.errors import AuthlibBaseError
from authlib.integrations.flask_client import OAuth
from flask import Blueprint, Flask, current_app, flash, redirect, request, session, url_for
from flask_security import login_user
from flask_security.utils import validate_redirect_url
from joserfc.errors import JoseError
from werkzeug.exceptions import NotFound

from formsvc.config import SignOn
from formsvc.store import people
from formsvc.store.errors import Invalid
from formsvc.store.models import Invitation, Person
from formsvc.store.store import Work
from formsvc.web.accounts.datastore import Datastore
from formsvc.web.held import store

_SECONDS: Final = 10  # that the provider has to answer
_HELD: Final = "formsvc-sign-on"
_NEXT: Final = "sso_next"
_INVITATION: Final = "sso_invitation"

single = Blueprint("sso", __name__, url_prefix="/account/sso")


def install(app: Flask, provider: SignOn) -> None:
    """Know the provider; it is asked for its addresses when somebody first comes that way."""
    app.extensions[_HELD] = OAuth(app).register(
        "office",
        client_id=provider.client_id,
        client_secret=provider.client_secret,
        server_metadata_url=f"{provider.issuer}/.well-known/openid-configuration",
        client_kwargs={
            "scope": "openid email profile",
            "code_challenge_method": "S256",
            "default_timeout": _SECONDS,
        },
    )


def is_there() -> bool:
    """Whether there is a single sign-on."""
    return _HELD in current_app.extensions


def _client() -> Any:
    if not is_there():
        raise NotFound
    return current_app.extensions[_HELD]


@single.get("/")
def leave() -> Any:
    """To the provider."""
    onward = request.args.get("next", "")
    session[_NEXT] = onward if onward and validate_redirect_url(onward) else ""
    session[_INVITATION] = request.args.get("invitation", "")
    try:
        return _client().authorize_redirect(url_for(".back", _external=True))
    except (AuthlibBaseError, requests.RequestException, ValueError, KeyError):
        return _refused("单位账号系统没有应答，请稍后再试，或用邮箱和密码登录。")


@single.get("/back")
def back() -> Any:
    """From the provider: who it is, signed by it."""
    client = _client()
    onward, invitation = session.pop(_NEXT, ""), session.pop(_INVITATION, "")
    try:
        claims = client.authorize_access_token()["userinfo"]
        subject = f"{claims['iss']} {claims['sub']}"
    except (AuthlibBaseError, JoseError, requests.RequestException, ValueError, KeyError):
        return _refused("单位账号登录没有成功，请重试；仍不行请与管理员联系。")
    email = str(claims.get("email", "")) if claims.get("email_verified") is True else ""
    try:
        with store().writing() as work:
            id = _person(work, subject, email, str(claims.get("name", "")), invitation).id
    except Invalid as fault:
        return _refused(str(fault))
    login_user(Datastore().account(id), authn_via=["sign-on"])
    return redirect(onward or url_for("filings.start"))


def _person(work: Work, subject: str, email: str, name: str, secret: str) -> Person:
    """Who this is. Invalid when it is nobody who may come in."""
    found = people.by_subject(work, subject)
    if found is None:
        if not email:
            raise Invalid("单位账号没有给出经过验证的邮箱，不能对应到本服务的账户。")
        email = people.address(email)
        found = people.by_email(work, email, locked=True) or _invited(work, email, name, secret)
        if found.subject is not None:
            raise Invalid("这个邮箱的账户已经对应另一个单位账号，请与管理员联系。")
        if found.active:
            people.linked(work, found, subject)
    if not found.active:
        raise Invalid("账户已停用，请与管理员联系。")
    return found


def _invited(work: Work, email: str, name: str, secret: str) -> Person:
    by_link = people.invitation(work, secret) if secret else None
    if by_link is not None and by_link.email not in ("", email):
        by_link = None
    found: Invitation | None = by_link or people.invitation_of(work, email)
    if found is None:
        raise Invalid("您的单位账号在本服务还没有账户；请向本单位负责人要一个邀请链接。")
    made = people.add(work, email, name or email.partition("@")[0], None)
    people.accept(work, found, made)
    return made


def _refused(text: str) -> Any:
    flash(text, "error")
    return redirect(url_for("security.login"))
