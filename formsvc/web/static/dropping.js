// Files that are dropped anywhere on the page are chosen: elsewhere the browser would open them and
// leave the page. Without it they are chosen in the field, or dropped onto it.

const field = document.querySelector("input[data-drop]");
const carries = (event) => field && event.dataTransfer?.types.includes("Files");
const isField = ({ target }) => target.matches?.("input[type=file]"); // the browser does it there

addEventListener("dragover", (event) => {
  if (!carries(event) || isField(event)) return;
  event.preventDefault();
  document.body.classList.add("dropping");
});

addEventListener("dragleave", ({ relatedTarget }) => {
  if (!relatedTarget) document.body.classList.remove("dropping");
});

addEventListener("drop", (event) => {
  document.body.classList.remove("dropping");
  if (!carries(event) || isField(event)) return;
  event.preventDefault();
  const several = new DataTransfer();
  [...event.dataTransfer.files].slice(0, field.multiple ? undefined : 1).forEach((each) => several.items.add(each));
  field.files = several.files;
  field.dispatchEvent(new Event("change", { bubbles: true }));
  field.focus();
});
