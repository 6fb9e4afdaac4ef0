// Tries a call from the page that describes it. A page of ours says so by X-Requested-With.

const MOST = 20_000; // characters of an answer that are shown

function given(form) {
  const query = new URLSearchParams();
  const headers = { "X-Requested-With": "docs" };
  let path = form.dataset.path;
  for (const input of form.querySelectorAll("[data-in]")) {
    if (input.dataset.in === "path") path = path.replace(`{${input.name}}`, encodeURIComponent(input.value));
    else if (input.value && input.dataset.in === "header") headers[input.name] = input.value;
    else if (input.value) query.append(input.name, input.value);
  }
  const text = form.querySelector("textarea"), file = form.querySelector("input[type=file]");
  let body;
  if (text) {
    body = text.value;
    headers["Content-Type"] = "application/json";
  } else if (file && file.files.length) {
    body = file.files[0];
    if ("plain" in file.dataset) headers["Content-Type"] = "application/octet-stream";
    else {
      body = new FormData();
      body.append(file.name, file.files[0]);
    }
  }
  const root = document.querySelector("a.brand").pathname.replace(/\/$/, "");
  const search = query.size ? `?${query}` : "";
  return [`${root}${path}${search}`, { method: form.dataset.method, headers, body }];
}

function line(tag, text) {
  const node = document.createElement(tag);
  node.textContent = text;
  return node;
}

async function shown(response) {
  const type = response.headers.get("Content-Type") ?? "";
  if (/json|text/.test(type)) {
    let text = await response.text();
    try {
      text = JSON.stringify(JSON.parse(text), null, 2);
    } catch {
      // Lines of JSON, or none: as it came.
    }
    const pre = line("pre", text.length > MOST ? `${text.slice(0, MOST)}\n……` : text);
    pre.tabIndex = 0;
    return pre;
  }
  const file = await response.blob();
  if (!file.size) return line("p", "没有内容。");
  const link = line("a", `下载（${type}，${file.size.toLocaleString()} 字节）`);
  link.href = URL.createObjectURL(file);
  const said = /filename\*=UTF-8''([^;]+)/.exec(response.headers.get("Content-Disposition") ?? "");
  link.download = said ? decodeURIComponent(said[1]) : "";
  return link;
}

async function send(event) {
  event.preventDefault();
  const form = event.target, answer = form.querySelector(".answer");
  const [address, request] = given(form);
  answer.replaceChildren(line("p", "正在发送……"));
  try {
    const response = await fetch(address, request);
    const status = line("p", `${request.method} ${decodeURI(address)} → ${response.status}`);
    status.className = response.ok ? "status" : "status failed";
    answer.replaceChildren(status, await shown(response));
  } catch {
    answer.replaceChildren(line("p", "没有连上服务，请稍后再试。"));
  }
}

for (const attempt of document.querySelectorAll(".try")) {
  attempt.hidden = false;
  attempt.querySelector("form").addEventListener("submit", send);
}
