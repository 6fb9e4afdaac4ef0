// The applicant's desk, made livelier. Every answer comes from the server: this script only posts
// the form as it stands and puts the pieces that come back in their places.

const form = document.getElementById("form");
const summary = document.getElementById("summary");
const touched = new Set();
const drafts = `formsvc:${form.dataset.form}`;
let unsaved = false;
let asked = 0;
let timer = 0;

const fieldOf = (node) => node.closest("[data-field]");
const entries = () =>
  [...new FormData(form)].filter(([name, value]) =>
    name.startsWith("/") ? value !== "" : /^(shown|carried) \//.test(name));

// Findings of every field count as seen once the whole form was checked.
if (!summary.hidden) {
  document.querySelectorAll("[data-field]").forEach((field) => touched.add(field.dataset.field));
}

async function refresh() {
  const turn = ++asked;
  const body = new URLSearchParams(entries());
  let answer;
  try {
    const response = await fetch(form.dataset.live, { method: "POST", body });
    if (!response.ok) return;
    answer = await response.json();
  } catch {
    return; // Offline: the form still works, and the next change asks again.
  }
  if (turn === asked) show(answer);
}

function show({ title, findings, asides, computed, hidden, summary: text, steps }) {
  document.querySelectorAll("[data-field]").forEach((field) => {
    const pointer = field.dataset.field;
    put(`${pointer}-asides`, asides[pointer] ?? "");
    if (touched.has(pointer)) mark(field, findings[pointer] ?? "");
  });
  document.querySelectorAll("[data-computed]").forEach((place) => {
    const value = computed[place.id] ?? "";
    if (place.textContent !== value) place.textContent = value;
  });
  document.querySelectorAll("[data-section]").forEach((section) => {
    section.hidden = hidden.includes(Number(section.dataset.section));
  });
  document.getElementById("steps").innerHTML = steps;
  if (!summary.hidden) {
    put("summary", text);
    summary.classList.toggle("good", !text.includes("处问题"));
    document.title = title;
  }
}

function mark(field, html) {
  const pointer = field.dataset.field;
  put(`${pointer}-findings`, html);
  const failed = html.includes('class="finding error"');
  field.classList.toggle("failed", failed);
  const warned = !failed && html.includes('class="finding warning"');
  field.classList.toggle("warned", warned);
  field.classList.toggle("noted", Boolean(html) && !failed && !warned);
  field.querySelectorAll(`[name="${CSS.escape(pointer)}"]`).forEach((control) => {
    if (control.type === "radio" || control.type === "checkbox") return;
    if (failed || warned) control.setAttribute("aria-invalid", "true");
    else control.removeAttribute("aria-invalid");
  });
}

// Only what changed is put in place, so that a screen reader does not read the rest again.
function put(id, html) {
  const place = document.getElementById(id);
  if (place && place.dataset.shown !== html) {
    place.innerHTML = html;
    place.dataset.shown = html;
  }
}

function soon(delay) {
  clearTimeout(timer);
  timer = setTimeout(refresh, delay);
}

form.addEventListener("input", (event) => {
  if (event.target.type === "file") return;
  unsaved = true;
  keep();
  soon(350);
});

form.addEventListener("change", (event) => {
  const field = fieldOf(event.target);
  if (!field) return;
  touched.add(field.dataset.field);
  soon(0);
});

form.addEventListener("focusout", (event) => {
  const field = fieldOf(event.target);
  if (!field || field.contains(event.relatedTarget)) return;
  if (!entries().length) return;
  touched.add(field.dataset.field);
  soon(0);
});

// Rows: the server makes the new list, and it takes the place of the old one.
form.addEventListener("click", async (event) => {
  const button = event.target.closest("button[value^='add '], button[value^='remove ']");
  if (!button) return;
  event.preventDefault();
  const list = button.closest("fieldset.rows");
  const body = new FormData(form);
  body.set("do", button.value);
  body.delete("file");
  const response = await fetch(form.action, { method: "POST", body });
  const page = new DOMParser().parseFromString(await response.text(), "text/html");
  const fresh = page.getElementById(list.id);
  if (!fresh) return;
  list.replaceWith(document.adoptNode(fresh));
  (fresh.querySelector("[autofocus]") ?? fresh).focus();
  unsaved = true;
  keep();
  soon(0);
});

form.addEventListener("submit", (event) => {
  unsaved = false;
  if (event.submitter?.value === "json") keep();
});

addEventListener("beforeunload", (event) => {
  if (unsaved) event.preventDefault();
});

// Drafts: the texts as typed, in this browser only.

// What is kept in the store is not kept a second time in this browser.
let keeping = form.dataset.kept !== "there";

function keep() {
  if (!keeping) return;
  try {
    const draft = { saved: new Date().toISOString(), entries: entries() };
    localStorage.setItem(drafts, JSON.stringify(draft));
  } catch {
    // No room or not allowed: the file draft remains.
  }
}

function kept() {
  try {
    const draft = JSON.parse(localStorage.getItem(drafts) ?? "null");
    return draft?.entries?.length ? draft : null;
  } catch {
    return null;
  }
}

function restore(draft) {
  const sent = document.createElement("form");
  sent.method = "post";
  sent.action = form.action;
  sent.hidden = true;
  const token = form.querySelector("input[type=hidden]");
  for (const [name, value] of [...draft.entries, [token.name, token.value], ["do", "restore"]]) {
    const input = document.createElement("textarea");
    input.name = name;
    input.value = value;
    sent.append(input);
  }
  document.body.append(sent);
  sent.submit();
}

function offer() {
  const draft = kept();
  const offered = document.getElementById("draft");
  if (!keeping || !draft || form.dataset.fresh !== "yes") return;
  const time = document.getElementById("draft-time");
  time.dateTime = draft.saved;
  time.textContent = new Date(draft.saved).toLocaleString("zh-CN", {
    dateStyle: "long",
    timeStyle: "short",
  });
  document.getElementById("draft-restore").addEventListener("click", () => restore(draft));
  document.getElementById("draft-forget").addEventListener("click", () => {
    localStorage.removeItem(drafts);
    offered.hidden = true;
    document.getElementById("main").focus();
  });
  offered.hidden = false;
}

document.getElementById("kept").hidden = !keeping;
document.getElementById("draft-clear").addEventListener("click", () => {
  localStorage.removeItem(drafts);
  keeping = false;
  document.getElementById("kept-text").textContent = "本机的草稿已清除；这一页不再自动保存。";
});

offer();
if (!summary.hidden && !document.activeElement?.matches("[autofocus]")) summary.focus();
if (form.dataset.fresh === "no") keep();
