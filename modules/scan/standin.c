/* modules/scan/standin.c - see standin.h */
#include "scan/standin.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>

static int digit(char c) { return c >= '0' && c <= '9'; }
static int letter(char c) { return (c | 0x20) >= 'a' && (c | 0x20) <= 'z'; }
static int wide(char c) { return (unsigned char)c >= 0x80; }

/* A stream of bytes that follows from a key. */
typedef struct Stream {
  unsigned char key[STANDIN_KEY], block[STANDIN_KEY];
  unsigned char counter[4];
  size_t left;
} Stream;

static void digest(unsigned char out[STANDIN_KEY], Span key, Span data) {
  HMAC(EVP_sha256(), key.ptr, (int)key.len, (const unsigned char *)data.ptr, data.len, out, NULL);
}

void standin_key(unsigned char out[STANDIN_KEY], Span key, Span scope) { digest(out, key, scope); }

static unsigned next(Stream *s) {
  if (s->left == 0) {
    digest(s->block, span_of((char *)s->key, sizeof s->key), span_of((char *)s->counter, sizeof s->counter));
    for (size_t i = 0; i < sizeof s->counter && ++s->counter[i] == 0; i++) continue;
    s->left = sizeof s->block;
  }
  return s->block[--s->left];
}

/* 0 to n - 1; two bytes, so that no value is drawn notably more often. */
static unsigned draw(Stream *s, unsigned n) {
  unsigned high = next(s) << 8;
  return (high | next(s)) % n;
}

/* The stream of a type and a text's letters and digits. */
static int start(Stream *s, const unsigned char key[STANDIN_KEY], Span type, Span text) {
  Buf said = { 0 };
  int bad = buf_add(&said, type.ptr, type.len) != 0 || buf_char(&said, ':') != 0;
  for (size_t i = 0; i < text.len && !bad; i++) {
    char c = text.ptr[i];
    if (digit(c) || letter(c) || wide(c)) bad = buf_char(&said, c >= 'A' && c <= 'Z' ? (char)(c | 0x20) : c) != 0;
  }
  *s = (Stream){ .left = 0 };
  if (!bad) digest(s->key, span_of((const char *)key, STANDIN_KEY), buf_span(&said));
  buf_free(&said);
  return bad ? -1 : 0;
}

/* Is text made of hexadecimal digits, letters among them or colons, as addresses of machines are? */
static int is_hex(Span text) {
  int telling = 0;
  for (size_t i = 0; i < text.len; i++) {
    char c = text.ptr[i];
    telling |= c == ':' || letter(c);
    if (!digit(c) && !((c | 0x20) >= 'a' && (c | 0x20) <= 'f') && c != ':' && c != '-' && c != '.') return 0;
  }
  return telling && memchr(text.ptr, ':', text.len) != NULL ? 1 : telling && memchr(text.ptr, '-', text.len) != NULL;
}

/* One run of digits: below 256 where it is an octet's; its first stays other than 0. */
static int write_digits(Buf *out, Stream *s, Span run, int octet, int first_is_9) {
  if (octet && run.len == 3) {
    unsigned v = 100 + draw(s, 156);
    char d[3] = { (char)('0' + v / 100), (char)('0' + v / 10 % 10), (char)('0' + v % 10) };
    return buf_add(out, d, 3);
  }
  for (size_t i = 0; i < run.len; i++) {
    unsigned v = i == 0 && run.ptr[0] != '0' ? 1 + draw(s, 9) : draw(s, 10);
    if (buf_char(out, i == 0 && first_is_9 ? '9' : (char)('0' + v)) != 0) return -1;
  }
  return 0;
}

static int write_letter(Buf *out, Stream *s, char c, int hex) {
  unsigned v = draw(s, hex ? 6 : 26);
  return buf_char(out, (char)((c >= 'A' && c <= 'Z' ? 'A' : 'a') + (int)v));
}

/* Where the part begins that is written as it is told, not drawn: an e-mail's last label. */
static size_t last_label(Span text) {
  if (memchr(text.ptr, '@', text.len) == NULL) return text.len;
  size_t i = text.len;
  while (i > 0 && text.ptr[i - 1] != '.' && text.ptr[i - 1] != '@') i--;
  return i > 0 && text.ptr[i - 1] == '.' ? i : text.len;
}

int standin_write(Buf *out, const unsigned char key[STANDIN_KEY], Span type, Span text) {
  Stream s;
  if (start(&s, key, type, text) != 0) return -1;
  int ssn = span_eq(type, span_str("SSN")), octets = span_eq(type, span_str("IP")), hex = is_hex(text);
  size_t tail = span_eq(type, span_str("EMAIL")) ? last_label(text) : text.len, i = 0;
  for (size_t k = 0; k + 3 <= text.len; k++)      /* a scheme stays */
    if (memcmp(text.ptr + k, "://", 3) == 0) {
      i = k + 3;
      break;
    }
  if (buf_add(out, text.ptr, i) != 0) return -1;
  while (i < tail) {
    char c = text.ptr[i];
    size_t n = 1;
    int bad;
    if (digit(c) && !hex) {
      while (i + n < tail && digit(text.ptr[i + n])) n++;
      bad = write_digits(out, &s, span_of(text.ptr + i, n), octets, ssn && i == 0);
    } else if (digit(c)) {
      bad = buf_char(out, (char)('0' + draw(&s, 10)));
    } else if (wide(c)) {
      while (i + n < tail && ((unsigned char)text.ptr[i + n] & 0xC0) == 0x80) n++;
      bad = write_letter(out, &s, 'a', 0);
    } else {
      bad = letter(c) ? write_letter(out, &s, c, hex) : buf_char(out, c);
    }
    if (bad) return -1;
    i += n;
  }
  return tail < text.len ? buf_str(out, "example") : 0;
}
