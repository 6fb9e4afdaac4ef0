// The applicant's desk, made livelier. Every answer comes from the server: this script only posts
// the form as it stands and puts what comes back in its place, so that a page is never left and no
// answer of a post is ever a page of the browser's history.

import * as drafts from "./drafts.js";
import { answered, download, fileName } from "./sending.js";
import * as typed from "./typed.js";

const at = (id) => document.getElementById(id);
const fieldOf = (node) => node.closest("[data-field]");
const named = (pointer) => [...form.querySelectorAll(`[name="${CSS.escape(pointer)}"]`)];

let form;
let summary;
let keeping; // whether this browser keeps a draft of this page
let unsaved;
let touched; // fields whose findings are shown
let filled; // what was filled in by itself, by pointer
let declined; // what somebody emptied again
let last; // the field that was worked on last
let asked = 0;
let timer = 0;
let sending = null;
let queue = Promise.resolve(); // of rows: one list after the other
const waiting = new Set(); // what 不再试 ends
let refreshing = null;
let wanted = ""; // what to do on going back from the last page

const entries = () =>
  [...new FormData(form)].filter(([name, value]) =>
    name.startsWith("/") ? value !== "" : /^(shown|carried) \//.test(name));

function begin() {
  form = at("form");
  summary = at("summary");
  [touched, filled, declined] = [new Set(), new Map(), new Set()];
  [unsaved, last, sending] = [false, "", null];
  keeping = form.dataset.draft !== "none";
  if (form.dataset.draft === "new") drafts.take(form.dataset.form);
  // Findings of every field count as seen once the whole form was checked.
  if (!summary.hidden) {
    document.querySelectorAll("[data-field]").forEach((field) => touched.add(field.dataset.field));
  }
  at("kept")?.toggleAttribute("hidden", !keeping);
  if (form.dataset.fresh === "no") keep();
}

// What comes back while one types.

async function refresh() {
  const turn = ++asked;
  refreshing?.abort();
  refreshing = new AbortController();
  const body = new URLSearchParams([...new FormData(form)].filter(([, value]) => !value.name));
  body.delete("do");
  const response = await answered(form.dataset.live, body, say, refreshing.signal);
  if (!response?.ok || turn !== asked) return;
  const answer = await response.json().catch(() => null); // the next one was quicker
  if (!answer || turn !== asked) return;
  delete form.dataset.waiting;
  show(answer);
}

function say(seconds) {
  const place = at("trying");
  if (!place) return;
  place.hidden = !seconds;
  place.textContent = seconds ? `服务没有回应，填的内容还在；${seconds} 秒后再试。` : "";
}

function show(answer) {
  const { findings, asides, offers, computed } = answer;
  const took = keeping && fill(offers);
  document.querySelectorAll("[data-field]").forEach((field) => {
    const pointer = field.dataset.field;
    put(`${pointer}-asides`, (asides[pointer] ?? "") + (filled.get(pointer)?.note ?? ""));
    if (touched.has(pointer)) mark(field, findings[pointer] ?? "");
  });
  document.querySelectorAll("[data-computed]").forEach((place) => {
    const value = computed[place.id] ?? "";
    if (place.textContent !== value) place.textContent = value;
  });
  document.querySelectorAll("[data-section]").forEach((section) => {
    section.hidden = answer.hidden.includes(Number(section.dataset.section));
  });
  answer.tallies.forEach((html, number) => put(`tally-${number + 1}`, html));
  put("standing", answer.standing);
  put("steps", answer.steps);
  if (!summary.hidden) {
    put("summary", answer.summary);
    summary.classList.toggle("good", !answer.errors);
    document.title = answer.title;
  }
  if (took) soon(0);
}

// An empty field takes what another one says it is, and follows it until somebody writes there.
function fill(offers) {
  let took = false;
  for (const [pointer, [text, why]] of Object.entries(offers)) {
    const now = valueAt(pointer);
    if (declined.has(pointer) || (now !== "" && now !== filled.get(pointer)?.text)) continue;
    set(pointer, text);
    if (document.activeElement?.name === pointer) document.activeElement.select?.(); // to write over
    const note = document.createElement("span");
    note.className = "aside filled";
    note.textContent = `已自动填入（${why.split("：")[0]}），可以改`;
    filled.set(pointer, { text, note: note.outerHTML });
    took = true;
  }
  if (took) keep();
  return took;
}

function valueAt(pointer) {
  const controls = named(pointer);
  const chosen = controls[0]?.type === "radio" ? controls.find((each) => each.checked) : controls[0];
  return chosen?.value ?? (controls.length ? "" : null);
}

function set(pointer, text) {
  for (const control of named(pointer)) {
    if (control.type === "radio") control.checked = control.value === text;
    else if (control.type === "checkbox") control.checked ||= text.split("、").includes(control.value);
    else control.value = text;
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
  named(pointer).forEach((control) => {
    if (control.type === "radio" || control.type === "checkbox") return;
    if (failed || warned) control.setAttribute("aria-invalid", "true");
    else control.removeAttribute("aria-invalid");
  });
}

// Only what changed is put in place, so that a screen reader does not read the rest again.
function put(id, html) {
  const place = at(id);
  if (!place) return;
  const fresh = document.createElement("template");
  fresh.innerHTML = html;
  if (place.innerHTML.trim() === fresh.innerHTML.trim()) return;
  const [open, inside] = [place.querySelector("details")?.open, place.contains(document.activeElement)];
  const link = inside && document.activeElement.getAttribute("href");
  place.replaceChildren(fresh.content);
  if (open) place.querySelector("details")?.setAttribute("open", "");
  if (link) place.querySelector(`a[href="${CSS.escape(link)}"]`)?.focus();
}

function soon(delay) {
  clearTimeout(timer);
  if (!form.dataset.live) return;
  form.dataset.waiting = "yes";
  timer = setTimeout(refresh, delay);
}

function changed(delay) {
  unsaved = true;
  keep();
  soon(delay);
}

document.addEventListener("input", ({ target }) => {
  if (target.form !== form || target.type === "file") return;
  last = target.name;
  if (filled.delete(target.name) && target.value === "") declined.add(target.name);
  changed(350);
});

document.addEventListener("change", ({ target }) => {
  const field = target.form === form && fieldOf(target);
  if (!field) return;
  touched.add(field.dataset.field);
  soon(0);
});

document.addEventListener("focusin", ({ target }) => {
  if (target.form === form && target.name?.startsWith("/")) last = target.name;
});

document.addEventListener("focusout", ({ target, relatedTarget }) => {
  const field = target.form === form && fieldOf(target);
  if (!field || field.contains(relatedTarget) || !entries().length) return;
  touched.add(field.dataset.field);
  soon(0);
});

document.addEventListener("click", (event) => {
  const button = event.target.closest("button");
  if (!button) return;
  if (button.dataset.put !== undefined) {
    event.preventDefault();
    const field = fieldOf(button);
    set(field.dataset.field, button.dataset.put);
    touched.add(field.dataset.field);
    (named(field.dataset.field).find((each) => each.checked) ?? named(field.dataset.field)[0]).focus();
    changed(0);
  } else if (/^(add|remove) /.test(button.value)) {
    event.preventDefault();
    queue = queue.then(() => rows(button.isConnected ? button : document.querySelector(like(button))));
  } else if (button.id === "stop-trying") stop();
  else if (button.id === "draft-clear") clear();
  else if (button.id === "draft-again") again();
});

// Rows: the server makes the new list, and it takes the place of the old one; what is typed into
// that meanwhile goes with it.
async function rows(button) {
  const list = button?.closest("fieldset.rows");
  if (!list) return;
  const [what, pointer] = button.value.split(" ");
  const renamed = typed.renumbered(list, what === "remove" ? Number(pointer.split("/").pop()) : -1);
  const sent = typed.standing(list);
  const response = await patiently(form.action, posting(button));
  if (!response) return;
  const page = parsed(await response.text());
  await typed.composed();
  const fresh = page.getElementById(list.id);
  if (!fresh || !list.isConnected) return;
  const since = typed.since(list, sent, renamed);
  const [at, inside] = [typed.caret(list, renamed), list.contains(document.activeElement)];
  list.replaceWith(document.adoptNode(fresh));
  typed.retype(fresh, since);
  // Whoever has gone on elsewhere stays there.
  if (!typed.putCaret(fresh, at) && (inside || document.activeElement === document.body)) {
    (fresh.querySelector("[autofocus]") ?? fresh).focus();
  }
  changed(0);
}

// The answer, unless somebody says to stop.
async function patiently(address, body, told = trouble, stopping = new AbortController()) {
  waiting.add(stopping);
  const response = await answered(address, body, told, stopping.signal);
  waiting.delete(stopping);
  return response;
}

function stop() {
  waiting.forEach((each) => each.abort());
  trouble(0, "没有办成，已经不再试了；您填的内容还在这一页上，可以稍后再按一次。");
  at("trouble").focus();
}

function posting(button) {
  const body = new FormData(form);
  if (button?.name) body.set(button.name, button.value);
  if (button?.value !== "load") body.delete("file");
  return body;
}

const parsed = (html) => new DOMParser().parseFromString(html, "text/html");

// Buttons: the answer is put in the place of the page, or downloaded.

document.addEventListener("submit", (event) => {
  const button = event.submitter;
  if (event.target !== form || button?.formTarget === "_blank") return;
  if (sending && sending.button !== button) {
    event.preventDefault();
    sending.then = button; // what was pressed first comes first
    return;
  }
  event.preventDefault();
  if (button?.value?.startsWith("edit") && history.state?.view === "proof") {
    wanted = button.value;
    history.back();
    return;
  }
  send(posting(button), button);
});

async function send(body, button) {
  sending?.stop.abort();
  const own = (sending = { stop: new AbortController(), button, then: null });
  const sent = typed.standing(form);
  const address = button?.hasAttribute("formaction") ? button.formAction : form.action;
  button?.setAttribute("aria-busy", "true");
  // Nothing is typed into what a paper is about to take the place of.
  at("main").inert = button?.value === "load";
  const told = (seconds) => {
    at("main").inert = false;
    trouble(seconds);
  };
  const response = await patiently(address, body, told, own.stop);
  at("main").inert = false;
  button?.removeAttribute("aria-busy");
  if (sending === own) sending = null;
  if (!response) return;
  await took(response, button, sent);
  if (own.then) document.querySelector(like(own.then))?.click();
}

async function took(response, button, sent) {
  if (fileName(response)) {
    await download(response);
    unsaved = false;
    keep();
    return;
  }
  if (response.headers.get("Content-Type")?.includes("json")) {
    return trouble(0, `${(await response.json()).title}，没有办成；您填的内容还在这一页上。`);
  }
  const page = parsed(await response.text());
  await typed.composed();
  if (response.redirected) unsaved = typed.since(form, sent).length > 0; // it was saved as it was sent
  if (page.getElementById("form")) swap(page, button, sent, response.redirected ? response.url : "");
  else if (response.redirected) location.assign(response.url);
  else if (page.querySelector("main form")) ask(page);
  else trouble(0, page.querySelector("main")?.textContent.trim() || "没有办成，请再按一次。");
}

// A page that asks something about what was sent, which it carries itself.
function ask(page) {
  unsaved = false;
  document.title = page.title;
  at("main").replaceWith(document.adoptNode(page.getElementById("main")));
  at("main").focus();
}

function trouble(seconds, words = "") {
  const place = at("trouble");
  const stays = seconds ? place.querySelector("button") : null; // it may have the focus
  place.hidden = !seconds && !words;
  const said = document.createElement("span");
  said.textContent =
    words || (seconds ? `服务没有回应，还没有办成；您填的内容还在这一页上。${seconds} 秒后自动再试。` : "");
  if (stays) place.firstChild.replaceWith(said);
  else place.replaceChildren(said, ...(seconds ? [stopper()] : []));
}

function stopper() {
  const button = document.createElement("button");
  [button.type, button.id, button.className, button.textContent] = ["button", "stop-trying", "secondary", "不再试"];
  return button;
}

const like = (button) => `button[name="${CSS.escape(button.name)}"][value="${CSS.escape(button.value)}"]`;

function swap(page, button, sent, address) {
  const before = form;
  const since = typed.since(form, sent);
  const caret = typed.caret(form);
  const writes = since.some((each) => each.name === caret?.name);
  const place = button ? like(button) : "";
  document.title = page.title;
  for (const part of address ? ["header.site", "footer.site", "#main"] : ["#main"]) {
    document.querySelector(part).replaceWith(document.adoptNode(page.querySelector(part)));
  }
  begin();
  const stays = before.dataset.form === form.dataset.form;
  if (stays && form.dataset.draft !== "new" && typed.retype(form, since)) changed(0);
  const here = address || form.dataset.here || form.action;
  const view = form.classList.contains("proof") ? "proof" : "form";
  if (view === "proof" && history.state?.view !== "proof") history.pushState({ view }, "", here);
  else history.replaceState({ view }, "", here);
  if (stays && writes && typed.putCaret(form, caret)) return; // in the middle of a word
  const focus =
    at("main").querySelector("[autofocus]") ??
    (summary.hidden || before.classList.contains("proof") ? document.querySelector(place || "main") : summary);
  (focus ?? at("main")).focus();
}

addEventListener("popstate", ({ state }) => {
  const there = form.classList.contains("proof");
  const here = state?.view === "proof";
  if (there === here) return;
  const body = posting(null);
  body.set("do", here ? "proof" : wanted || "edit");
  wanted = "";
  send(body, null);
});

addEventListener("beforeunload", (event) => {
  if (unsaved) event.preventDefault();
});

// A file that is dropped anywhere is loaded: elsewhere than here the browser would leave the page.

const carries = (event) => event.dataTransfer?.types.includes("Files") && at("file");

addEventListener("dragover", (event) => {
  if (!carries(event)) return;
  event.preventDefault();
  document.querySelector("details.load").open = true;
  document.body.classList.add("dropping");
});

addEventListener("dragleave", ({ relatedTarget }) => {
  if (!relatedTarget) document.body.classList.remove("dropping");
});

addEventListener("drop", (event) => {
  if (!carries(event)) return;
  event.preventDefault();
  document.body.classList.remove("dropping");
  if (event.dataTransfer.files.length > 1) return trouble(0, "一次只能载入一份，请只拖一个文件。");
  at("file").files = event.dataTransfer.files;
  const button = document.querySelector("button[value='load']");
  send(posting(button), button);
});

// Drafts.

function keep() {
  const given = keeping ? entries() : [];
  if (!given.length) return;
  const { form: name, title, person } = form.dataset;
  const who = given.find(([pointer]) => pointer === person)?.[1].trim() ?? "";
  const draft = { saved: new Date().toISOString(), title, person: who, at: last, entries: given };
  const id = drafts.current(name) ?? drafts.take(name);
  const fits = drafts.put(name, id, draft);
  const text = at("kept-text");
  if (text && !fits) text.textContent = "浏览器里存不下了，这一页没有自动保存；请下载草稿（JSON）。";
}

let cleared = null; // what can be taken back as long as the page is there

function clear() {
  const { form: name } = form.dataset;
  const id = drafts.current(name);
  cleared = { id, draft: drafts.kept(name).find((each) => each.id === id), said: at("kept-text").textContent };
  drafts.remove(name, id);
  keeping = false;
  relabel("draft-clear", "draft-again", "撤销清除", "本机的草稿已清除；这一页不再自动保存。");
}

function again() {
  keeping = true;
  if (cleared.draft) drafts.put(form.dataset.form, cleared.id, cleared.draft);
  keep();
  relabel("draft-again", "draft-clear", "清除本机草稿", cleared.said);
}

function relabel(id, other, label, said) {
  const button = at(id);
  [button.id, button.textContent, at("kept-text").textContent] = [other, label, said];
}

function restore(draft) {
  drafts.take(form.dataset.form, draft.id);
  const token = form.querySelector("input[type=hidden]");
  const body = new FormData();
  for (const [name, value] of [...draft.entries, [token.name, token.value]]) body.append(name, value);
  body.set("do", `restore ${draft.at ?? ""}`.trim());
  send(body, null);
}

const day = (saved) =>
  new Date(saved).toLocaleString("zh-CN", { dateStyle: "long", timeStyle: "short" });

// What is kept is offered; what is deleted can be taken back as long as the page is there.
function offer() {
  const list = at("drafts-list");
  const found = drafts.kept(form.dataset.form);
  at("drafts").hidden = !found.length;
  list.replaceChildren(...found.map(draftLine));
}

function draftLine(draft) {
  const line = document.createElement("li");
  const who = draft.person || "没有写姓名";
  const buttons = document.createElement("span");
  buttons.className = "actions";
  const written = new Set(draft.entries.map(([name]) => name)).size;
  line.append(`${who}，${day(draft.saved)} 存，已填 ${written} 栏，再保留 ${draft.left} 天`, buttons);
  buttons.append(
    press("恢复", `${who}的草稿`, "secondary", () => restore(draft)),
    press("删除", `${who}的草稿`, "plain", () => {
      drafts.remove(form.dataset.form, draft.id);
      const again = press("撤销删除", who, "secondary", () => {
        const { id, left, ...kept } = draft;
        drafts.put(form.dataset.form, id, kept);
        offer();
        at("drafts-list").querySelector("button").focus();
      });
      line.replaceChildren(`已删除${who}的草稿。`, again);
      again.focus();
    }),
  );
  return line;
}

function press(text, more, look, act) {
  const button = document.createElement("button");
  button.type = "button";
  button.className = look;
  button.textContent = text;
  const unseen = document.createElement("span");
  unseen.className = "unseen";
  unseen.textContent = more;
  button.append(unseen);
  button.addEventListener("click", act);
  return button;
}

// Coming back to the page, by Back, Forward or Reload, one finds what one left there.
function comeBack(found) {
  const came = performance.getEntriesByType("navigation")[0]?.type;
  const id = sessionStorage.getItem(`formsvc:${form.dataset.form}:tab`);
  const draft = came !== "navigate" && found.find((each) => each.id === id);
  if (draft) restore(draft);
  return Boolean(draft);
}

const fresh = at("form").dataset.fresh === "yes" && at("form").dataset.draft === "new";
form = at("form");
const came = fresh && comeBack(drafts.kept(form.dataset.form));
if (came) form.dataset.draft = "same";
begin();
if (fresh && !came) offer();
if (!summary.hidden && !document.activeElement?.matches("[autofocus]")) summary.focus();
history.replaceState({ view: form.classList.contains("proof") ? "proof" : "form" }, "");
