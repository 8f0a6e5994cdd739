// Moments in the reader's own zone, UTC when pointed at. Without this script they are UTC and say so.
(() => {
  const written = new Intl.DateTimeFormat("en-GB", {
    day: "numeric", month: "short", year: "numeric", hour: "2-digit", minute: "2-digit", timeZoneName: "short",
  });
  const local = (within) => {
    for (const time of within.querySelectorAll("time.moment:not([title])")) {
      time.title = time.textContent;
      time.textContent = written.format(new Date(time.dateTime));
    }
  };
  document.addEventListener("DOMContentLoaded", () => local(document));
  document.addEventListener("htmx:after:swap", () => local(document));
  document.addEventListener("htmx:afterSwap", () => local(document));
  // "/" goes to the page's own search, as people who keep their hands on the keys expect.
  document.addEventListener("keydown", (event) => {
    const search = document.querySelector("input[type=search]");
    const typing = event.target.closest("input, select, textarea");
    if (event.key === "/" && search && !typing && !event.ctrlKey && !event.metaKey && !event.altKey) {
      event.preventDefault();
      search.focus();
    }
  });
})();
