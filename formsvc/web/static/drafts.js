// Drafts: the texts as typed, in this browser only, each under a key of its own that names the form.
// A tab works on one draft; no other tab writes into it.

const DAYS = 30;
const PREFIX = "formsvc:";
const DAY = 24 * 3600 * 1000;

const key = (form, id) => `${PREFIX}${form}:${id}`;
const fresh = () => `${Date.now().toString(36)}${Math.random().toString(36).slice(2, 8)}`;

function read(name) {
  try {
    const draft = JSON.parse(localStorage.getItem(name) ?? "null");
    return draft?.entries?.length ? draft : null;
  } catch {
    return null;
  }
}

// Those of a form, the newest first; what is too old is gone.
export function kept(form) {
  const found = [];
  try {
    adopt(form);
    for (const name of Object.keys(localStorage)) {
      if (!name.startsWith(PREFIX)) continue;
      const draft = read(name);
      const left = draft ? Math.ceil((Date.parse(draft.saved) + DAYS * DAY - Date.now()) / DAY) : 0;
      if (!(left > 0)) localStorage.removeItem(name);
      else if (name.startsWith(key(form, ""))) {
        found.push({ ...draft, id: name.slice(key(form, "").length), left });
      }
    }
  } catch {
    return []; // Not allowed here.
  }
  return found.sort((one, other) => other.saved.localeCompare(one.saved));
}

// The one draft a form that earlier versions kept.
function adopt(form) {
  const old = localStorage.getItem(PREFIX + form);
  if (old === null) return;
  localStorage.setItem(key(form, fresh()), old);
  localStorage.removeItem(PREFIX + form);
}

// Whether there was room for it.
export function put(form, id, draft) {
  try {
    localStorage.setItem(key(form, id), JSON.stringify(draft));
    return true;
  } catch {
    return false;
  }
}

export function remove(form, id) {
  try {
    localStorage.removeItem(key(form, id));
  } catch {
    // Nothing was kept then.
  }
}

// Which draft of a form this tab works on; `tab` names the tab, so that a copy of it asks first.
const tab = fresh();
const mine = new Map();
const others = typeof BroadcastChannel === "function" ? new BroadcastChannel("formsvc-drafts") : null;

others?.addEventListener("message", ({ data }) => {
  const id = mine.get(data.form);
  if (!id || id !== data.id) return;
  if (data.asks && data.asks !== tab) others.postMessage({ ...data, asks: "", taken: data.asks });
  if (data.taken === tab) take(data.form, fresh());
});

export function current(form) {
  return mine.get(form) ?? sessionStorage.getItem(key(form, "tab"));
}

export function take(form, id = fresh()) {
  mine.set(form, id);
  try {
    sessionStorage.setItem(key(form, "tab"), id);
  } catch {
    // The tab still knows it as long as the page is there.
  }
  others?.postMessage({ form, id, asks: tab });
  return id;
}

// Kept until then by whoever looks for it again.
export const days = DAYS;
