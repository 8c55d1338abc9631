/* modules/term/keys.c - see keys.h. ECMA-48 for the shape of sequences; xterm's ctlseqs for their meaning. */
#include "term/keys.h"

#include <stdio.h>
#include <string.h>

enum { ESC = 0x1B, DEL = 0x7F, MAX_SEQUENCE = 32 };

typedef struct Final { unsigned char byte; KeyCode code; } Final;

/* CSI or SS3, then this byte. */
static const Final FINALS[] = {
  { 'A', KEY_UP }, { 'B', KEY_DOWN }, { 'C', KEY_RIGHT }, { 'D', KEY_LEFT }, { 'H', KEY_HOME },
  { 'F', KEY_END }, { 'Z', KEY_BACKTAB }, { 'M', KEY_ENTER }, { 0, KEY_NONE }
};

/* CSI number ~ */
static KeyCode of_number(unsigned n, Key *key) {
  static const unsigned char FUNCTIONS[] = { 11, 12, 13, 14, 15, 17, 18, 19, 20, 21, 23, 24, 25, 26, 28, 29, 31,
                                             32, 33, 34 };
  switch (n) {
    case 1: case 7: return KEY_HOME;
    case 4: case 8: return KEY_END;
    case 2: return KEY_INSERT;
    case 3: return KEY_DELETE;
    case 5: return KEY_PAGE_UP;
    case 6: return KEY_PAGE_DOWN;
    default: break;
  }
  for (unsigned i = 0; i < sizeof FUNCTIONS; i++) {
    if (FUNCTIONS[i] != n) continue;
    key->value = i + 1;
    return KEY_FUNCTION;
  }
  return KEY_NONE;
}

/* ESC [ parameters, intermediates, final byte. */
static size_t decode_csi(const unsigned char *byte, size_t n, int final, Key *key) {
  size_t i = 2;
  unsigned first = 0;
  int in_first = 1;
  for (; i < n && byte[i] >= 0x20 && byte[i] <= 0x3F && i < MAX_SEQUENCE; i++) {
    if (byte[i] < '0' || byte[i] > '9') in_first = 0;
    else if (in_first && first < 10000) first = first * 10 + (byte[i] - '0');
  }
  if (i == n) return final || i >= MAX_SEQUENCE ? n : 0;
  if (i == 2 && byte[i] == '[' && i + 1 < n) return 4;   /* the Linux console's function keys: ESC [ [ A */
  if (i == 2 && byte[i] == '[') return final ? n : 0;
  if (byte[i] < 0x40 || byte[i] > 0x7E) return i;        /* cut off: what stands here begins anew */
  if (byte[i] == '~') key->code = of_number(first, key);
  else if (byte[i] != 'M')                               /* a mouse report, which nobody asked for */
    for (const Final *f = FINALS; f->byte != 0; f++)
      if (f->byte == byte[i]) key->code = f->code;
  return i + 1;
}

static size_t decode_ss3(const unsigned char *byte, size_t n, int final, Key *key) {
  if (n < 3) return final ? n : 0;
  if (byte[2] >= 'P' && byte[2] <= 'S') {
    key->code = KEY_FUNCTION;
    key->value = (uint32_t)(byte[2] - 'P' + 1);
  }
  for (const Final *f = FINALS; f->byte != 0; f++)
    if (f->byte == byte[2]) key->code = f->code;
  return byte[2] < 0x20 || byte[2] > 0x7E ? 2 : 3;
}

static size_t decode_utf8(const unsigned char *byte, size_t n, int final, Key *key) {
  static const uint32_t LEAST[] = { 0, 0, 0x80, 0x800, 0x10000 };
  unsigned char c = byte[0];
  size_t len = c < 0x80 ? 1 : c >= 0xC2 && c < 0xE0 ? 2 : c >= 0xE0 && c < 0xF0 ? 3 : c >= 0xF0 && c < 0xF5 ? 4 : 0;
  if (len == 0) return 1;
  uint32_t value = len == 1 ? c : c & (0x7Fu >> len);
  for (size_t i = 1; i < len; i++) {
    if (i == n) return final ? n : 0;
    if ((byte[i] & 0xC0) != 0x80) return i;
    value = value << 6 | (byte[i] & 0x3F);
  }
  if (value < LEAST[len] || value > 0x10FFFF || (value >= 0xD800 && value <= 0xDFFF)) return len;
  key->code = KEY_CHAR;
  key->value = value;
  return len;
}

static size_t decode_plain(const unsigned char *byte, size_t n, int final, Key *key) {
  unsigned char c = byte[0];
  if (c >= 0x20 && c != DEL) return decode_utf8(byte, n, final, key);
  if (c == '\r' || c == '\n') key->code = KEY_ENTER;
  else if (c == '\t') key->code = KEY_TAB;
  else if (c == DEL || c == 8) key->code = KEY_BACKSPACE;
  else if (c >= 1 && c <= 26) {
    key->code = KEY_CTRL;
    key->value = (uint32_t)('a' + c - 1);
  }
  return 1;
}

size_t key_decode(const unsigned char *byte, size_t n, int final, Key *key) {
  *key = (Key){ KEY_NONE, 0, 0 };
  if (n == 0) return 0;
  if (byte[0] != ESC) return decode_plain(byte, n, final, key);
  if (n == 1 || byte[1] == ESC) {
    if (n == 1 && !final) return 0;
    key->code = KEY_ESCAPE;
    return 1;
  }
  if (byte[1] == '[') return decode_csi(byte, n, final, key);
  if (byte[1] == 'O') return decode_ss3(byte, n, final, key);
  size_t used = decode_plain(byte + 1, n - 1, final, key);
  key->alt = 1;
  return used == 0 ? 0 : used + 1;
}

static size_t put_utf8(uint32_t c, char *out) {
  if (c < 0x80) {
    out[0] = (char)c;
    return 1;
  }
  size_t len = c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
  for (size_t i = len; i-- > 1; c >>= 6) out[i] = (char)(0x80 | (c & 0x3F));
  out[0] = (char)((len == 2 ? 0xC0 : len == 3 ? 0xE0 : 0xF0) | c);
  return len;
}

size_t key_name(const Key *key, char *out) {
  static const char *const NAMES[] = {
    [KEY_NONE] = "", [KEY_ENTER] = "enter", [KEY_TAB] = "tab", [KEY_BACKTAB] = "backtab",
    [KEY_BACKSPACE] = "backspace", [KEY_ESCAPE] = "escape", [KEY_UP] = "up", [KEY_DOWN] = "down",
    [KEY_LEFT] = "left", [KEY_RIGHT] = "right", [KEY_HOME] = "home", [KEY_END] = "end",
    [KEY_PAGE_UP] = "page-up", [KEY_PAGE_DOWN] = "page-down", [KEY_INSERT] = "insert", [KEY_DELETE] = "delete",
  };
  size_t at = 0;
  if (key->alt && key->code != KEY_NONE) {
    memcpy(out, "alt-", 4);
    at = 4;
  }
  if (key->code == KEY_CHAR) {
    at += put_utf8(key->value, out + at);
    out[at] = '\0';
    return at;
  }
  int n = key->code == KEY_CTRL ? snprintf(out + at, KEY_NAME - at, "ctrl-%c", (int)key->value)
        : key->code == KEY_FUNCTION ? snprintf(out + at, KEY_NAME - at, "f%u", (unsigned)key->value)
        : snprintf(out + at, KEY_NAME - at, "%s", NAMES[key->code]);
  return at + (size_t)n;
}
