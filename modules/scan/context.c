/* modules/scan/context.c - see context.h */
#include "scan/context.h"

#include <math.h>

enum { LONGEST_WORD = 64, LONGEST_GAP = 64 };

static int in_word(char c) {
  return (c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'z') || c == '\'' || (unsigned char)c >= 0x80;
}

static char lower(char c) { return c >= 'A' && c <= 'Z' ? (char)(c | 0x20) : c; }

/* What the list says of a word: 1 for, -1 against, 0 nothing. */
static int verdict(Span word, Span list) {
  for (size_t i = 0; i < list.len;) {
    size_t end = i;
    while (end < list.len && list.ptr[end] != ' ') end++;
    int against = list.ptr[i] == '!';
    size_t from = i + (size_t)against, n = end - from;
    int open = n > 0 && list.ptr[end - 1] == '*';
    n -= (size_t)open;
    if (n > 0 && (open ? word.len >= n : word.len == n)) {
      size_t k = 0;
      while (k < n && lower(word.ptr[k]) == list.ptr[from + k]) k++;
      if (k == n) return against ? -1 : 1;
    }
    i = end + 1;
  }
  return 0;
}

/* The words that end before `at`, nearest first: the first verdict. */
static int look_back(Span text, size_t at, Span words, unsigned within) {
  for (unsigned w = 0; w < within; w++) {
    size_t gap = at;
    while (at > 0 && !in_word(text.ptr[at - 1]) && gap - at < LONGEST_GAP) at--;
    size_t end = at;
    while (at > 0 && in_word(text.ptr[at - 1]) && end - at <= LONGEST_WORD) at--;
    if (end == at || end - at > LONGEST_WORD) return 0;
    int v = verdict(span_of(text.ptr + at, end - at), words);
    if (v != 0) return v;
  }
  return 0;
}

static int look_on(Span text, size_t at, Span words, unsigned within) {
  for (unsigned w = 0; w < within; w++) {
    size_t gap = at;
    while (at < text.len && !in_word(text.ptr[at]) && at - gap < LONGEST_GAP) at++;
    size_t start = at;
    while (at < text.len && in_word(text.ptr[at]) && at - start <= LONGEST_WORD) at++;
    if (start == at || at - start > LONGEST_WORD) return 0;
    int v = verdict(span_of(text.ptr + start, at - start), words);
    if (v != 0) return v;
  }
  return 0;
}

int context_holds(Span text, size_t start, size_t end, Span words, unsigned within) {
  int v = look_back(text, start, words, within);
  return v != 0 ? v > 0 : look_on(text, end, words, within) > 0;
}

double context_entropy(Span text) {
  size_t count[256] = { 0 };
  double bits = 0;
  for (size_t i = 0; i < text.len; i++) count[(unsigned char)text.ptr[i]]++;
  for (size_t b = 0; b < 256; b++) {
    if (count[b] == 0) continue;
    double share = (double)count[b] / (double)text.len;
    bits -= share * log2(share);
  }
  return bits;
}
