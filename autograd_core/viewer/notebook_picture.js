// Puts a drawing in place of its image: it follows the page's colours and tells its numbers.
(() => {
  const image = document.currentScript && document.currentScript.previousElementSibling;
  if (!image || image.tagName !== "IMG") return;
  const bytes = Uint8Array.from(atob(image.src.split(",")[1]), (c) => c.charCodeAt(0));
  const made = document.createElement("template");
  made.innerHTML = new TextDecoder().decode(bytes);
  image.replaceWith(made.content);
})();
