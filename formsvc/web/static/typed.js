// What is typed while an answer is on its way: it is put into what the answer puts in place, and the
// caret with it.

const controls = (place) => [...place.querySelectorAll('[name^="/"]')];
const isBox = (control) => control.type === "radio" || control.type === "checkbox";
const key = (control) => (isBox(control) ? `${control.name} ${control.value}` : control.name);
const state = (control) => (isBox(control) ? control.checked : control.value);
const same = (name) => name;

// What stands in a place now, for `since`.
export const standing = (place) => new Map(controls(place).map((each) => [key(each), state(each)]));

// What stands there otherwise than before: [{name, value, state}]. `renamed(name)` is what a control
// is called in the answer, "" for one that is not there any more.
export function since(place, before, renamed = same) {
  return controls(place)
    .filter((each) => before.get(key(each)) !== state(each))
    .map((each) => ({ name: renamed(each.name), value: isBox(each) ? each.value : null, state: state(each) }))
    .filter((each) => each.name);
}

const find = (place, { name, value }) =>
  controls(place).find((each) => each.name === name && (value === null || each.value === value));

// Puts it there; how much of it had a place.
export function retype(place, changes) {
  const found = changes.filter((each) => find(place, each));
  found.forEach((each) => {
    const control = find(place, each);
    if (each.value === null) control.value = each.state;
    else control.checked = each.state;
  });
  return found.length;
}

// Where somebody is at work in a place; null for nowhere.
export function caret(place, renamed = same) {
  const control = document.activeElement;
  if (!place.contains(control) || !control.name?.startsWith("/")) return null;
  const [from, to] = [control.selectionStart, control.selectionEnd];
  return { name: renamed(control.name), value: isBox(control) ? control.value : null, from, to };
}

export function putCaret(place, at) {
  const control = at?.name && find(place, at);
  if (!control) return false;
  control.focus();
  if (at.from !== null && at.from !== undefined) control.setSelectionRange(at.from, at.to);
  return true;
}

// Rows of a list as the answer counts them: without those that are blank, or taken away.
export function renumbered(list, removed) {
  const rows = [...list.querySelectorAll(".row")].map((row, number) => ({
    number,
    filled: controls(row).some((each) => (isBox(each) ? each.checked : each.value.trim())),
  }));
  const left = rows.filter((row) => row.number !== removed);
  const order = [...left.filter((row) => row.filled), ...left.filter((row) => !row.filled)];
  const numbers = new Map(order.map((row, place) => [row.number, place]));
  const start = `${list.id}/`;
  return (name) => {
    if (!name.startsWith(start)) return name;
    const [number, ...rest] = name.slice(start.length).split("/");
    const now = numbers.get(Number(number));
    return now === undefined ? "" : `${start}${now}/${rest.join("/")}`;
  };
}

// Characters that are being put together (pinyin) are done first.
let composing = false;
addEventListener("compositionstart", () => { composing = true; }, true);
addEventListener("compositionend", () => { composing = false; }, true);

export const composed = () =>
  composing
    ? new Promise((done) => addEventListener("compositionend", () => setTimeout(done), { once: true, capture: true }))
    : Promise.resolve();
