// Shows how far the work is, and the page again when it is over.

const box = document.querySelector("[data-status]");

async function look() {
  let told;
  try {
    const response = await fetch(box.dataset.status);
    if (!response.ok) return location.reload();
    told = await response.json();
  } catch {
    return setTimeout(look, 3000);
  }
  if (told.state !== "running") return location.reload();
  document.getElementById("working-label").textContent = told.label || "等待开始";
  const of = told.total ? ` / ${told.total}` : "";
  document.getElementById("working-count").textContent = told.done ? `：${told.done}${of} 份` : "";
  const bar = document.getElementById("working-bar");
  if (told.total) {
    bar.max = told.total;
    bar.value = told.done;
  }
  return setTimeout(look, 700);
}

if (box) setTimeout(look, 700);
