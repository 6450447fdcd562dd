// The chosen colours, set before anything is painted; without a choice the system's are used.
(() => {
  try {
    const theme = localStorage.getItem("logster.theme");
    if (theme === "light" || theme === "dark") document.documentElement.dataset.theme = theme;
  } catch {
    // Storage may be forbidden; the system's colours are fine then.
  }
})();
