/* modules/http/secret.c - see secret.h */
#include "http/secret.h"

#include <stdint.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>

enum { GRAM_BITS = 13, GRAM_BYTES = 1 << (GRAM_BITS - 3), PAGES = 64 * 1024 };

static const char WORST[] = "not enough room for the secret headers: 48 KB in all";

int secret_init(Secret *s, Error *err) {
  *s = (Secret){ 0 };
  void *p = mmap(NULL, PAGES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (p == MAP_FAILED) return error_memory(err);
  (void)mlock(p, PAGES);             /* a container may allow none: then they may be swapped, and that is all */
  (void)madvise(p, PAGES, MADV_DONTDUMP);
  (void)madvise(p, PAGES, MADV_WIPEONFORK);
  *s = (Secret){ .page = p, .size = PAGES, .used = GRAM_BYTES, .gram = p };
  return 0;
}

static char *room(Secret *s, size_t n, Error *err) {
  if (n > s->size - s->used) {
    error_set(err, "%s", WORST);
    return NULL;
  }
  char *p = s->page + s->used;
  s->used += n;
  return p;
}

static size_t gram_of(const char *p) {
  uint64_t v;
  memcpy(&v, p, sizeof v);
  return (size_t)((v * 0x9e3779b97f4a7c15u) >> (64 - GRAM_BITS));
}

static int add_needle(Secret *s, Span needle, Error *err) {
  if (s->n == SECRET_NEEDLES) return error_set(err, "%s", WORST);
  s->needle[s->n++] = needle;
  for (size_t i = 0; i + SECRET_GRAM <= needle.len; i++) {
    size_t g = gram_of(needle.ptr + i);
    s->gram[g >> 3] |= (unsigned char)(1u << (g & 7));
  }
  return 0;
}

/* Base64 of value behind `shift` unknown bytes: only the digits that value alone decides. */
static int add_base64(Secret *s, Span value, size_t shift, Error *err) {
  static const char digit[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  size_t bits = (value.len + shift) * 8, first = (shift * 8 + 5) / 6, last = bits / 6;
  if (last <= first) return 0;
  char *out = room(s, last - first, err);
  if (out == NULL) return -1;
  for (size_t d = first; d < last; d++) {
    unsigned v = 0;
    for (size_t b = d * 6; b < d * 6 + 6; b++) {
      unsigned char c = (unsigned char)value.ptr[b / 8 - shift];
      v = v << 1 | ((c >> (7 - b % 8)) & 1u);
    }
    out[d - first] = digit[v];
  }
  return add_needle(s, span_of(out, last - first), err);
}

static int add_value(Secret *s, Span value, Error *err) {
  for (size_t i = value.len; i-- > 0;)      /* a scheme word, "Bearer ", is no secret */
    if (value.ptr[i] == ' ') {
      value = span_of(value.ptr + i + 1, value.len - i - 1);
      break;
    }
  if (value.len < SECRET_GRAM) return 0;
  if (add_needle(s, value, err) != 0) return -1;
  for (size_t shift = 0; shift < 3; shift++)
    if (add_base64(s, value, shift, err) != 0) return -1;
  return 0;
}

static int is_header_value(const char *v) {
  if (*v == '\0') return 0;
  for (; *v != '\0'; v++)
    if ((unsigned char)*v < ' ' || (unsigned char)*v >= 0x7f) return 0;
  return 1;
}

const char *secret_header(Secret *s, const char *name, const char *value, Error *err) {
  if (!is_header_value(value)) {
    error_set(err, "the secret header %s is empty or holds characters that a header cannot carry "
                   "(a line feed at its end?)", name);
    return NULL;
  }
  size_t head = strlen(name) + 2, len = strlen(value);
  char *text = room(s, head + len + 1, err);
  if (text == NULL) return NULL;
  memcpy(text, name, head - 2);
  memcpy(text + head - 2, ": ", 2);
  memcpy(text + head, value, len + 1);
  return add_value(s, span_of(text + head, len), err) == 0 ? text : NULL;
}

int secret_needle(Secret *s, const char *value, Error *err) {
  size_t len = strlen(value);
  char *text = room(s, len + 1, err);
  if (text == NULL) return -1;
  memcpy(text, value, len + 1);
  return add_value(s, span_of(text, len), err);
}

/* The longest run at text[0..len) that stands in the needle too. */
static size_t longest(Span needle, const char *text, size_t len) {
  size_t best = 0;
  for (size_t i = 0; i + SECRET_GRAM <= needle.len; i++) {
    size_t k = 0;
    while (k < len && i + k < needle.len && needle.ptr[i + k] == text[k]) k++;
    if (k > best) best = k;
  }
  return best;
}

void secret_scrub(const Secret *s, char *text, size_t len, size_t shortest) {
  if (s->n == 0) return;
  size_t covered = 0;
  for (size_t i = 0; i + SECRET_GRAM <= len; i++) {
    if (i < covered) continue;       /* what was masked matches no more; its tail was looked at as a whole */
    size_t g = gram_of(text + i);
    if ((s->gram[g >> 3] >> (g & 7) & 1) == 0) continue;
    for (size_t k = 0; k < s->n; k++) {
      size_t run = longest(s->needle[k], text + i, len - i);
      if (run < SECRET_GRAM || (run < shortest && run < s->needle[k].len)) continue;
      if (i + run > covered) covered = i + run;
    }
    if (covered > i) memset(text + i, '*', covered - i);
  }
}

void secret_free(Secret *s) {
  if (s->page != NULL) {
    explicit_bzero(s->page, s->size);
    munmap(s->page, s->size);
  }
  *s = (Secret){ 0 };
}

void secret_guard_process(void) {
  struct rlimit core;
  (void)prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
  if (getrlimit(RLIMIT_CORE, &core) != 0) return;
  core.rlim_cur = 0;
  (void)setrlimit(RLIMIT_CORE, &core);
}
