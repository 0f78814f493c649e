// Runs before anything is drawn, so that a dark page never flashes white. The rest of the theme switch is in portal.js.
(function () {
  "use strict";
  var root = document.documentElement;
  var kept = /(?:^|; )theme=(light|dark|auto)/.exec(document.cookie);
  var choice = kept ? kept[1] : root.dataset.theme || "auto";
  var dark = choice === "dark" || (choice === "auto" && window.matchMedia("(prefers-color-scheme: dark)").matches);
  root.dataset.theme = choice;
  root.dataset.bsTheme = dark ? "dark" : "light";
  root.classList.add("js");
})();
