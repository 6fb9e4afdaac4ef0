// Before a form is sent: is the service there? If not, the browser's own page about that would take
// the place of this one, with what was typed and chosen on it.

import { answered } from "./sending.js";

const KNOCK = new URL("../healthz", import.meta.url);
const sure = new WeakSet();
let stopping = null;

document.addEventListener("submit", async (event) => {
  const [form, button] = [event.target, event.submitter];
  if (form.method !== "post" || sure.delete(form)) return;
  event.preventDefault();
  if (stopping) return; // pressed twice
  stopping = new AbortController();
  document.getElementById("away")?.remove();
  const told = (seconds) => seconds && say(button ?? form, seconds);
  const answer = await answered(KNOCK, null, told, stopping.signal);
  stopping = null;
  if (!answer) return;
  document.getElementById("away")?.remove();
  sure.add(form);
  form.requestSubmit(button);
});

function say(beside, seconds) {
  const said = document.createElement("span");
  said.textContent = `服务没有回应，还没有办成；您选的、填的都还在这一页上。${seconds} 秒后自动再试。`;
  const there = document.getElementById("away");
  if (there) return there.firstChild.replaceWith(said); // its button may have the focus
  const notice = document.createElement("div");
  [notice.id, notice.className, notice.tabIndex] = ["away", "notice alarm", -1];
  notice.setAttribute("role", "alert");
  const stop = document.createElement("button");
  [stop.type, stop.className, stop.textContent] = ["button", "secondary", "不再试"];
  stop.addEventListener("click", () => {
    stopping?.abort();
    notice.textContent = "没有办成，已经不再试了；您选的、填的都还在这一页上，可以稍后再按一次。";
    notice.focus();
  });
  notice.append(said, stop);
  (beside.closest(".actions") ?? beside).after(notice);
}
