// Before anything is drawn: the colours that were chosen here, so that no page flashes in the others.
try {
  const theme = localStorage.getItem("theme");
  if (theme === "light" || theme === "dark") document.documentElement.dataset.theme = theme;
} catch {
  // A browser may forbid storage; then the system's colours are used.
}
