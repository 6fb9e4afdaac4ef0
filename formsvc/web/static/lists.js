// Lists: one tick for all that the page shows. Without it they are ticked one by one.

document.querySelectorAll("[data-tick-all]").forEach((all) => {
  const ticks = [...all.form.querySelectorAll(`input[name="${all.dataset.tickAll}"]`)];
  const tell = () => {
    const count = ticks.filter((each) => each.checked).length;
    all.checked = count === ticks.length;
    all.indeterminate = count > 0 && count < ticks.length;
    all.closest("label").querySelector("output").value = count ? `已选 ${count} 份` : "";
  };
  all.closest("[hidden]").hidden = false;
  all.addEventListener("change", () => {
    ticks.forEach((each) => { each.checked = all.checked; });
    tell();
  });
  ticks.forEach((each) => each.addEventListener("change", tell));
  tell(); // a browser that comes back may have kept them
});
