// A form that is sent by itself once its page is there, so long after: a trial begins, and is looked at again until it is done.
// Without a script it has a button.

export function begins() {
  for (const form of document.querySelectorAll("form[data-begins]:not([data-begun])")) {
    form.dataset.begun = "1";
    setTimeout(() => { if (form.isConnected) form.requestSubmit(); }, Number(form.dataset.begins));
  }
}
