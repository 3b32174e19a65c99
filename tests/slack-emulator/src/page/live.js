// Shows what is new, asks whether one is sure, and keeps the newest message in sight.
const list = document.querySelector(".messages");
if (list) list.scrollTop = list.scrollHeight;
document.querySelector("dialog")?.showModal();
// What is sent must not be cut off by the page being drawn anew.
let leaving = false;
document.addEventListener("submit", (event) => {
  const sure = event.target.dataset.sure;
  if (sure && !confirm(sure)) event.preventDefault();
  else leaving = true;
});
// A page that does not change has no version that could be passed.
const since = Number(document.body.dataset.version);
const busy = () => leaving || document.querySelector("dialog") || [...document.querySelectorAll("input:not([type=hidden])")].some((field) => field.value);
(async () => {
  for (;;) {
    const { version } = await fetch(`/_emulator/version?after=${since}`).then((answer) => answer.json());
    if (version > since && !busy()) return location.reload();
    await new Promise((done) => setTimeout(done, 300));
  }
})();
