// How many text messages a text takes. GSM 03.38 counts 7 bits a character, and its extension twice; one other character
// makes all of it UCS-2. Loaded with the first text message.
export default ({ fill }) => {
  const BASIC = "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà";
  const EXTENDED = "\f^{}\\[~]|€";
  function segments(text) {
    let units = 0;
    for (const letter of text) {
      if (BASIC.includes(letter)) units += 1; else if (EXTENDED.includes(letter)) units += 2; else { units = -1; break; }
    }
    const [used, one, many] = units < 0 ? [text.length, 70, 67] : [units, 160, 153];
    const count = used <= one ? 1 : Math.ceil(used / many);
    return { used, count, most: count === 1 ? one : count * many };
  }

  /** The length in words, for below the text. */
  function tell(text, words) {
    const { used, most, count } = segments(text);
    return `${fill(words.units, { used, most })} · ${count === 1 ? words.segment : fill(words.segments, { n: count })}`;
  }

  return { tell };
};
