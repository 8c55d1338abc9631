/* modules/term/keys.h - the bytes a terminal sends, as keys.
** A key is a character, or a sequence that begins with ESC (CSI and SS3 forms, as xterm, the Linux
** console, screen and tmux send them). What is no known sequence is swallowed whole as KEY_NONE,
** so that its tail is never taken for typed characters. */
#ifndef TAMIS_KEYS_H
#define TAMIS_KEYS_H

#include <stddef.h>
#include <stdint.h>

typedef enum KeyCode {
  KEY_NONE, KEY_CHAR, KEY_CTRL, KEY_ENTER, KEY_TAB, KEY_BACKTAB, KEY_BACKSPACE, KEY_ESCAPE, KEY_UP, KEY_DOWN,
  KEY_LEFT, KEY_RIGHT, KEY_HOME, KEY_END, KEY_PAGE_UP, KEY_PAGE_DOWN, KEY_INSERT, KEY_DELETE, KEY_FUNCTION
} KeyCode;

typedef struct Key {
  KeyCode code;
  uint32_t value;   /* KEY_CHAR: the code point; KEY_CTRL: the letter, 'a' to 'z'; KEY_FUNCTION: 1 to 20 */
  int alt;          /* an ESC stood before it */
} Key;

/* Reads one key from byte[0..n). Returns the bytes it took; 0, where they are the beginning of a
** longer one and `final` is 0 (1: nothing came behind them for a while, so that a lone ESC is the
** key). Bytes that are no UTF-8 give KEY_NONE. n > 0 and final: at least 1. */
size_t key_decode(const unsigned char *byte, size_t n, int final, Key *key);

/* The key's name: "up", "page-down", "ctrl-c", "f5", "enter"; for KEY_CHAR its UTF-8. "" for KEY_NONE.
** out: at least KEY_NAME bytes; NUL-terminated. Returns its length. */
enum { KEY_NAME = 32 };
size_t key_name(const Key *key, char *out);

#endif
