/* modules/rules/rules.c - see rules.h */
#include "rules/rules.h"

#include <math.h>
#include <stdlib.h>

static const RuleKernel *const KERNELS[] = { &rules_repetition, &rules_quality, &rules_leakage, &rules_truncated,
                                             &rules_encoding, &rules_markup, &rules_content,
                                             &rules_urls };

const RuleKernel *rules_kernel(Span name) {
  for (size_t i = 0; i < sizeof KERNELS / sizeof *KERNELS; i++)
    if (span_eq(name, span_str(KERNELS[i]->name))) return KERNELS[i];
  return NULL;
}

static int place(const char *const *names, Span name) {
  for (int i = 0; names[i] != NULL; i++)
    if (span_eq(name, span_str(names[i]))) return i;
  return -1;
}

int rules_measure(const RuleKernel *k, Span name) { return place(k->measures, name); }
int rules_number(const RuleKernel *k, Span name) { return place(k->numbers, name); }

void rules_absent(Finding out[RULES_MAX_MEASURES]) {
  for (int i = 0; i < RULES_MAX_MEASURES; i++) out[i] = (Finding){ NAN, 0, 0 };
}

int rules_run(const RuleKernel *k, const RuleSetup *s, Span text, Span against, Finding out[RULES_MAX_MEASURES]) {
  void *room = malloc(k->room(s, text, against) + 1);
  if (room == NULL) return -1;
  rules_absent(out);
  k->run(s, text, against, room, out);
  free(room);
  return 0;
}

/* ---- bytes ---- */

uint64_t rules_hash(Span text) {
  const char *p = text.ptr;
  size_t len = text.len;
  uint64_t h = len, w;
  for (; len >= 8; p += 8, len -= 8) {
    memcpy(&w, p, 8);
    h = rules_mix(h, w);
  }
  w = 0;
  for (size_t i = 0; i < len; i++) w |= (uint64_t)(unsigned char)p[i] << 8 * i;
  return rules_mix(h, w + 0x8EBC6AF09C88C6E3u);
}

size_t rules_points(Span text) {
  size_t n = 0;
  for (size_t i = 0; i < text.len; i++) n += !rules_tail(text.ptr[i]);
  return n;
}

Span rules_line(Span text, size_t *at) {
  if (*at >= text.len) return span_of(NULL, 0);
  const char *p = text.ptr + *at, *stop = memchr(p, '\n', text.len - *at);
  const char *end = stop != NULL ? stop : text.ptr + text.len;
  *at = (size_t)(end - text.ptr) + 1;
  while (p < end && rules_blank(*p)) p++;
  while (end > p && rules_blank(end[-1])) end--;
  return span_of(p, (size_t)(end - p));
}

Span rules_word(Span text, size_t *at) {
  size_t i = *at;
  while (i < text.len && rules_blank(text.ptr[i])) i++;
  size_t start = i;
  while (i < text.len && !rules_blank(text.ptr[i])) i++;
  *at = i;
  return i > start ? span_of(text.ptr + start, i - start) : span_of(NULL, 0);
}

int rules_begins(Span text, Span what) {
  if (text.len < what.len) return 0;
  for (size_t i = 0; i < what.len; i++)
    if (rules_lower(text.ptr[i]) != what.ptr[i]) return 0;
  return 1;
}

size_t rules_find(Span text, size_t from, Span what) {
  if (what.len == 0 || text.len < what.len) return text.len;
  char low = what.ptr[0], high = rules_letter(low) ? (char)(low - 0x20) : low;
  for (size_t i = from; i + what.len <= text.len; i++)
    if (text.ptr[i] == low || text.ptr[i] == high) {
      if (rules_begins(span_of(text.ptr + i, text.len - i), what)) return i;
    }
  return text.len;
}

/* ---- sets of hashes ---- */

size_t rules_slots(size_t members) {
  size_t n = 16;
  while (n < 2 * members) n *= 2;
  return n;
}

void rules_set(RuleSet *set, void *room, size_t members) {
  size_t n = rules_slots(members);
  *set = (RuleSet){ room, n - 1 };
  memset(room, 0, n * sizeof *set->slot);
}
