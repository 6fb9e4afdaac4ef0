// Shows how far the work is, and the page again when it is over. When the service does not answer it
// says so and tries again, a little later each time.

const box = document.querySelector("[data-status]");
const trouble = document.getElementById("working-trouble");
const soon = 700;
const longest = 15000;
let wait = 2000;

function again(why) {
  const seconds = Math.round(wait / 1000);
  trouble.textContent = `${why}，${seconds} 秒后再试；不用重新上传，恢复后这里接着显示。`;
  trouble.hidden = false;
  setTimeout(look, wait);
  wait = Math.min(wait * 1.5, longest);
}

async function look() {
  let told;
  try {
    const response = await fetch(box.dataset.status);
    if (response.status >= 500 || response.status === 429) return again("服务现在很忙，没有回答");
    if (!response.ok) return location.reload();
    told = await response.json();
  } catch {
    return again("服务没有回应");
  }
  wait = 2000;
  trouble.hidden = true;
  if (told.state !== "running") return location.reload();
  document.getElementById("working-label").textContent = told.label || "等待开始";
  const of = told.total ? ` / ${told.total}` : "";
  document.getElementById("working-count").textContent = told.done ? `：${told.done}${of} 份` : "";
  const bar = document.getElementById("working-bar");
  if (told.total) {
    bar.max = told.total;
    bar.value = told.done;
  }
  return setTimeout(look, soon);
}

if (box) setTimeout(look, soon);
