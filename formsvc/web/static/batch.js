// Copies a message at one press, opens the browser's own printing, takes a file that was waited for.
// Without it all three go by hand.

for (const button of document.querySelectorAll("[data-copy]")) {
  button.hidden = false;
  const text = document.getElementById(button.dataset.copy);
  const said = button.nextElementSibling;
  button.addEventListener("click", async () => {
    try {
      await navigator.clipboard.writeText(text.value);
    } catch {
      // Plain http in an office's own network: browsers copy only what is selected there.
      text.closest("details").open = true;
      text.select();
      if (!document.execCommand("copy")) {
        said.textContent = "请按 Ctrl+C 复制选中的文字";
        return;
      }
      button.focus();
    }
    said.textContent = "已复制，可以粘贴到微信、短信或邮件";
  });
}

for (const button of document.querySelectorAll("[data-print]")) {
  button.hidden = false;
  button.parentElement.querySelector(".hint").hidden = true;
  button.addEventListener("click", () => window.print());
}

// What was asked for and took a while is taken as soon as it is there: once, not at every reload.
const waited = document.querySelector("[data-waited]");
if (waited) {
  const address = new URL(location);
  address.searchParams.delete("waiting");
  history.replaceState(null, "", address);
  waited.click();
}
