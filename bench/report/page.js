// Shows one of the two languages; without it the page is in Chinese.
(function () {
  var root = document.documentElement;
  function show(lang) {
    root.setAttribute("data-lang", lang);
    root.lang = lang;
    document.querySelectorAll("[data-show]").forEach(function (b) {
      b.setAttribute("aria-pressed", String(b.getAttribute("data-show") === lang));
    });
    document.title = root.getAttribute(lang === "en" ? "data-title-en" : "data-title-zh");
  }
  document.querySelectorAll("[data-show]").forEach(function (b) {
    b.addEventListener("click", function () { show(b.getAttribute("data-show")); });
  });
  var asked = location.hash.slice(1);
  show(asked === "en" || asked === "zh-CN" ? asked
    : (navigator.language || "zh-CN").slice(0, 2) === "zh" ? "zh-CN" : "en");
})();
