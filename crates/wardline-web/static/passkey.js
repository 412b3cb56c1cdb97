// Passkeys: puts the page's question to the browser and sends the answer with the page's own form.
const form = document.querySelector("form[data-ask]");
const words = document.querySelector("#passkey-words");
const bytes = (text) =>
  Uint8Array.from(atob(text.replaceAll("-", "+").replaceAll("_", "/")), (c) => c.charCodeAt(0));
const text = (buffer) =>
  btoa(String.fromCharCode(...new Uint8Array(buffer))).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");

function options() {
  const { publicKey } = JSON.parse(form.dataset.ask);
  publicKey.challenge = bytes(publicKey.challenge);
  if (publicKey.user) publicKey.user.id = bytes(publicKey.user.id);
  for (const list of [publicKey.excludeCredentials, publicKey.allowCredentials]) {
    for (const one of list ?? []) one.id = bytes(one.id);
  }
  return { publicKey };
}

function answer(credential) {
  const response = {};
  for (const part of ["clientDataJSON", "attestationObject", "authenticatorData", "signature", "userHandle"]) {
    if (credential.response[part]) response[part] = text(credential.response[part]);
  }
  return JSON.stringify({
    id: credential.id,
    rawId: text(credential.rawId),
    type: credential.type,
    extensions: {},
    response,
  });
}

async function ask(event) {
  event.preventDefault();
  words.textContent = "";
  if (location.origin !== form.dataset.origin) {
    words.textContent = `Passkeys work at ${form.dataset.origin} only: open Wardline there.`;
    return;
  }
  if (!window.PublicKeyCredential) {
    words.textContent = "This browser has no passkeys, or does not trust the certificate of this page.";
    return;
  }
  try {
    const make = form.dataset.kind === "add";
    const credential = await (make ? navigator.credentials.create(options()) : navigator.credentials.get(options()));
    form.elements.answer.value = answer(credential);
    form.submit();
  } catch (error) {
    words.textContent =
      error.name === "InvalidStateError"
        ? "This authenticator has a passkey of yours already."
        : "Nothing came of it: the browser or the authenticator stopped. Try again, or begin anew.";
    words.dataset.why = error.name;
  }
}

form?.addEventListener("submit", ask);
