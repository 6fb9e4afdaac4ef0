"""What Flask-Security says, in Chinese: every message that it has, also of parts not used here."""

from typing import Final

from formsvc.store.locks import FAILURES, MINUTES

_WRONG: Final = (
    f"邮箱、密码或验证码不对，不能登录。{MINUTES} 分钟内连续输错 {FAILURES} 次，"
    f"账户会锁定 {MINUTES} 分钟；忘记密码请点“忘记密码”。"
)
_ERRORS: Final = {
    "API_ERROR": "请求的内容不对，请返回上一页重试。",
    "GENERIC_AUTHN_FAILED": _WRONG,
    "UNAUTHORIZED": "您没有查看这一页的权限。",
    "REAUTHENTICATION_REQUIRED": "为了安全，请再验证一次身份。",
    "INVALID_CONFIRMATION_TOKEN": "确认链接不对。",
    "EMAIL_ALREADY_ASSOCIATED": "不能使用这个邮箱。",
    "IDENTITY_ALREADY_ASSOCIATED": "不能使用这个邮箱。",
    "IDENTITY_NOT_REGISTERED": _WRONG,
    "OAUTH_HANDSHAKE_ERROR": "单位账号登录没有成功，请重试。",
    "PASSWORD_MISMATCH": "两次输入的密码不一致。",
    "RETYPE_PASSWORD_MISMATCH": "两次输入的密码不一致。",
    "INVALID_REDIRECT": "不能跳转到本服务以外的地址。",
    "INVALID_RECOVERY_CODE": "恢复码不对，或者已经用过。",
    "PASSWORD_RESET_EXPIRED": "重设密码的链接已过期，请重新申请。",
    "INVALID_RESET_PASSWORD_TOKEN": "重设密码的链接不对或已用过，请重新申请。",
    "CONFIRMATION_REQUIRED": "请先确认邮箱。",
    "CONFIRMATION_EXPIRED": "确认链接已过期。",
    "LOGIN_EXPIRED": "登录链接已过期。",
    "INVALID_LOGIN_TOKEN": "登录链接不对。",
    "DISABLED_ACCOUNT": "账户已停用，请与管理员联系。",
    "EMAIL_NOT_PROVIDED": "请填写邮箱。",
    "INVALID_EMAIL_ADDRESS": "邮箱地址不对。",
    "INVALID_CODE": "验证码不对。",
    "INVALID_INPUT": "填写的内容不符合要求。",
    "INVALID_INPUT_LENGTH": "填写的内容太长，最多 %(length)s 个字符。",
    "PASSWORD_NOT_PROVIDED": "请填写密码。",
    "PASSWORD_INVALID_LENGTH": "密码至少要有 %(length)s 个字符。",
    "PASSWORD_TOO_SIMPLE": "密码太简单。",
    "PASSWORD_BREACHED": "这个密码已经泄露，请换一个。",
    "PASSWORD_BREACHED_SITE_ERROR": "暂时不能核对密码是否泄露。",
    "PHONE_INVALID": "电话号码不对。",
    "USER_DOES_NOT_EXIST": _WRONG,
    "INVALID_PASSWORD": "密码不对。",
    "INVALID_PASSWORD_CODE": "密码或验证码不对。",
    "PASSWORD_IS_THE_SAME": "新密码不能与原来的一样。",
    "REFRESH_TOKEN_INVALID": "登录已经失效，请重新登录。",
    "ANONYMOUS_USER_REQUIRED": "您已经登录。",
    "FAILED_TO_SEND_CODE": "验证码没有发出，请稍后再试。",
    "TWO_FACTOR_INVALID_TOKEN": "验证码不对或已经用过，请输入手机上新显示的 6 位数字。",
    "TWO_FACTOR_PERMISSION_DENIED": "登录已经中断，请重新输入邮箱和密码。",
    "TWO_FACTOR_METHOD_NOT_AVAILABLE": "请选择一种方式。",
    "TWO_FACTOR_SETUP_EXPIRED": "设置时间过长，请重新开始。",
    "US_METHOD_NOT_AVAILABLE": "请选择一种方式。",
    "US_SETUP_EXPIRED": "设置时间过长，请重新开始。",
    "US_SPECIFY_IDENTITY": "请填写邮箱。",
    "USERNAME_INVALID_LENGTH": "用户名的长度应为 %(min)d 至 %(max)d 个字符。",
    "USERNAME_DISALLOWED_CHARACTERS": "用户名只能有文字和数字。",
    "USERNAME_NOT_PROVIDED": "请填写用户名。",
    "USERNAME_ALREADY_ASSOCIATED": "不能使用这个用户名。",
    "WEBAUTHN_EXPIRED": "通行密钥的操作时间过长，请重新开始。",
    "WEBAUTHN_NAME_REQUIRED": "请给通行密钥起个名字，例如“办公室电脑”。",
    "WEBAUTHN_NAME_INUSE": "已经有名为“%(name)s”的通行密钥，请换个名字。",
    "WEBAUTHN_NAME_NOT_FOUND": "没有名为“%(name)s”的通行密钥。",
    "WEBAUTHN_NAME_DISALLOWED_CHARACTERS": "通行密钥的名字只能有文字、数字、空格和连接号。",
    "WEBAUTHN_CREDENTIAL_ID_INUSE": "这个通行密钥已经登记过。",
    "WEBAUTHN_UNKNOWN_CREDENTIAL_ID": "这个通行密钥没有在本服务登记，请改用密码登录。",
    "WEBAUTHN_ORPHAN_CREDENTIAL_ID": "这个通行密钥没有在本服务登记，请改用密码登录。",
    "WEBAUTHN_NO_VERIFY": "通行密钥没有通过核对，请重试或改用密码登录。",
    "WEBAUTHN_CREDENTIAL_WRONG_USAGE": "这个通行密钥不能用于登录。",
    "WEBAUTHN_MISMATCH_USER_HANDLE": "这个通行密钥不是当前账户的。",
    "CHANGE_EMAIL_EXPIRED": "确认时间过长，请重新开始。",
}
_NEWS: Final = {
    "GENERIC_RECOVERY": "如果这个邮箱有账户，几分钟内会收到重设密码的邮件，请查收。",
    "GENERIC_US_SIGNIN": "如果这个邮箱有账户，验证码已经发出。",
    "UNAUTHENTICATED": "请先登录，登录后会回到您要看的页面。",
    "ALREADY_CONFIRMED": "邮箱已经确认过。",
    "NO_RECOVERY_CODES_SETUP": "还没有生成恢复码。",
    "PASSWORD_RESET_REQUEST": "如果这个邮箱有账户，几分钟内会收到重设密码的邮件，请查收。",
    "CONFIRMATION_REQUEST": "确认邮件已经发出，请查收。",
    "FORGOT_PASSWORD": "忘记密码",
    "LOGIN": "请先登录。",
    "REFRESH": "请再验证一次身份。",
    "REAUTHENTICATION_SUCCESSFUL": "身份已经验证。",
    "CODE_HAS_BEEN_SENT": "验证码已经发出。",
    "US_CURRENT_METHODS": "现有的登录方式：%(method_list)s。",
    "US_SETUP_SUCCESSFUL": "已经设置好。",
    "USE_CODE": "验证码：%(code)s",
    "WEBAUTHN_CREDENTIAL_DELETED": "通行密钥“%(name)s”已经删除。",
    "WEBAUTHN_REGISTER_SUCCESSFUL": "通行密钥“%(name)s”已经登记，下次可以用它登录。",
    "USERNAME_RECOVERY_REQUEST": "如果有账户，用户名已经发到邮箱。",
}
_DONE: Final = {
    "CONFIRM_REGISTRATION": "请到邮箱里点击确认链接。",
    "EMAIL_CONFIRMED": "邮箱已经确认。",
    "LOGIN_EMAIL_SENT": "登录邮件已经发出。",
    "PASSWORDLESS_LOGIN_SUCCESSFUL": "已经登录。",
    "PASSWORD_RESET": "密码已经重设。",
    "PASSWORD_RESET_NO_LOGIN": "密码已经重设，请用新密码登录。",
    "PASSWORD_CHANGE": "密码已经修改；在其他设备上的登录都已退出。",
    "TWO_FACTOR_LOGIN_SUCCESSFUL": "已经登录。",
    "TWO_FACTOR_CHANGE_METHOD_SUCCESSFUL": "两步验证已经开启。请接着生成恢复码，手机不在身边时用。",
    "TWO_FACTOR_DISABLED": "两步验证已经关闭。",
    "USERNAME_CHANGE": "用户名已经修改。",
    "CHANGE_EMAIL_CONFIRMED": "邮箱已经更换。",
    "CHANGE_EMAIL_SENT": "确认邮件已经发出。",
}
_SUBJECTS: Final = {
    "PASSWORD_RESET": "重设密码",
    "PASSWORD_NOTICE": "您的密码已经重设",
    "PASSWORD_CHANGE_NOTICE": "您的密码已经修改",
}


def messages() -> dict[str, object]:
    """Settings of Flask-Security: its messages with their categories, and subjects of mails."""
    said: dict[str, object] = {}
    for category, texts in (("error", _ERRORS), ("info", _NEWS), ("success", _DONE)):
        said |= {f"SECURITY_MSG_{key}": (text, category) for key, text in texts.items()}
    return said | {f"SECURITY_EMAIL_SUBJECT_{key}": text for key, text in _SUBJECTS.items()}
