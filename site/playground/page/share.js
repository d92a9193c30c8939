// The address of a program: see site/README.md.  A fragment is not sent to any server.
const toText = (bytes) => {
  let binary = "";
  for (const byte of bytes) binary += String.fromCharCode(byte);
  return btoa(binary).replaceAll("+", "-").replaceAll("/", "_").replace(/=+$/, "");
};
const toBytes = (text) => Uint8Array.from(atob(text.replaceAll("-", "+").replaceAll("_", "/")), (c) => c.charCodeAt(0));
const through = async (bytes, stream) =>
  new Uint8Array(await new Response(new Blob([bytes]).stream().pipeThrough(stream)).arrayBuffer());

export async function fragmentOf(source) {
  const plain = new TextEncoder().encode(source);
  const packed = await through(plain, new CompressionStream("deflate-raw"));
  return packed.length < plain.length ? `#zcode=${toText(packed)}` : `#code=${toText(plain)}`;
}

// What a fragment asks for: {source}, {lesson}, {} or {problem}.
export async function readFragment(fragment) {
  const found = /^#?(code|zcode|lesson)=(.*)$/s.exec(fragment);
  if (!found) return {};
  const [, kind, text] = found;
  if (kind === "lesson") return { lesson: decodeURIComponent(text) };
  try {
    const bytes = toBytes(text.replace(/=+$/, ""));
    const plain = kind === "zcode" ? await through(bytes, new DecompressionStream("deflate-raw")) : bytes;
    return { source: new TextDecoder("utf-8", { fatal: true }).decode(plain) };
  } catch {
    return { problem: "The program in this link cannot be read: a part of the address is missing." };
  }
}
