// What is folded on the screen stands whole on paper. The style does it where browsers know how to
// name what is folded; this does it in older ones.

let unfolded = [];

addEventListener("beforeprint", () => {
  unfolded = [...document.querySelectorAll("details:not([open])")];
  unfolded.forEach((each) => { each.open = true; });
});

addEventListener("afterprint", () => {
  unfolded.forEach((each) => { each.open = false; });
  unfolded = [];
});
