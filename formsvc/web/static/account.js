"use strict";
// Accounts: passkeys (WebAuthn), and buttons that copy what is shown once. All works without it but
// passkeys, which browsers give to scripts alone.

const bytes = (text) =>
  Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (each) => each.charCodeAt(0));

const text = (buffer) =>
  btoa(String.fromCharCode(...new Uint8Array(buffer)))
    .replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");

const opened = (list) => (list ?? []).map((each) => ({ ...each, id: bytes(each.id) }));

async function created(options) {
  const made = await navigator.credentials.create({
    publicKey: {
      ...options,
      challenge: bytes(options.challenge),
      user: { ...options.user, id: bytes(options.user.id) },
      excludeCredentials: opened(options.excludeCredentials),
    },
  });
  return {
    ...named(made),
    response: {
      attestationObject: text(made.response.attestationObject),
      clientDataJSON: text(made.response.clientDataJSON),
      transports: made.response.getTransports?.() ?? [],
    },
    extensions: JSON.stringify(made.getClientExtensionResults()),
  };
}

async function given(options) {
  const found = await navigator.credentials.get({
    publicKey: {
      ...options,
      challenge: bytes(options.challenge),
      allowCredentials: opened(options.allowCredentials),
    },
  });
  const answer = found.response;
  return {
    ...named(found),
    response: {
      authenticatorData: text(answer.authenticatorData),
      clientDataJSON: text(answer.clientDataJSON),
      signature: text(answer.signature),
      userHandle: answer.userHandle ? text(answer.userHandle) : null,
    },
  };
}

const named = (credential) => ({
  id: credential.id,
  rawId: text(credential.rawId),
  type: credential.type,
});

const SAID = {
  NotAllowedError: "没有完成：操作被取消或超过了时间。请按“再试一次”。",
  InvalidStateError: "这台设备已经登记过，不用再登记。",
  SecurityError: "这里不能使用通行密钥：本服务要用 https 和域名打开。",
  NotSupportedError: "这台设备不支持通行密钥。",
};

async function work(form) {
  const fault = form.querySelector(".fault");
  fault.hidden = true;
  try {
    const options = JSON.parse(form.dataset.options);
    const credential = await (form.dataset.does === "create" ? created : given)(options);
    form.elements.credential.value = JSON.stringify(credential);
    form.submit();
  } catch (error) {
    fault.textContent = SAID[error.name] ?? "通行密钥没有成功，请再试一次，或用其他方式。";
    fault.hidden = false;
  }
}

const passkey = document.getElementById("passkey");
if (passkey) {
  passkey.querySelector("button").addEventListener("click", () => work(passkey));
  work(passkey);
}

const warning = document.getElementById("no-passkeys");
if (warning && !window.PublicKeyCredential) warning.hidden = false;

for (const button of document.querySelectorAll("button[data-copy]")) {
  if (!navigator.clipboard) continue;
  button.hidden = false;
  button.addEventListener("click", async () => {
    await navigator.clipboard.writeText(document.getElementById(button.dataset.copy).innerText);
    button.textContent = "已复制";
  });
}
