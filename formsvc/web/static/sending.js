// Posting, until there is an answer: what was typed stays on the page meanwhile.

const WAITS = [2, 4, 8, 15, 30];
const BUSY = new Set([429, 502, 503, 504]);

// The answer, or null when `stop` was called for. `told(seconds)` hears of every attempt that failed
// and when the next one is, and `told(0)` of the end of that.
export async function answered(url, body, told, signal) {
  for (let failed = 0; ; failed++) {
    try {
      const response = await fetch(url, { method: body ? "POST" : "GET", body, signal });
      if (!BUSY.has(response.status)) {
        if (failed) told(0);
        return response;
      }
    } catch {
      // Offline, or the service is not there.
    }
    if (signal?.aborted) return null;
    const seconds = WAITS[Math.min(failed, WAITS.length - 1)];
    told(seconds);
    await pause(seconds, signal);
    if (signal?.aborted) return null;
  }
}

function pause(seconds, signal) {
  return new Promise((done) => {
    const timer = setTimeout(done, seconds * 1000);
    const now = () => {
      clearTimeout(timer);
      done();
    };
    signal?.addEventListener("abort", now, { once: true });
    addEventListener("online", now, { once: true });
  });
}

export function fileName(response) {
  const said = response.headers.get("Content-Disposition") ?? "";
  if (!said.startsWith("attachment")) return "";
  const encoded = /filename\*=UTF-8''([^;]+)/i.exec(said)?.[1];
  return encoded ? decodeURIComponent(encoded) : (/filename="?([^";]+)/.exec(said)?.[1] ?? "文件");
}

export async function download(response) {
  const link = document.createElement("a");
  link.download = fileName(response);
  link.href = URL.createObjectURL(await response.blob());
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60000);
}
