/* modules/lang/lang.c - what stands before CLD2: masking, cutting, matching codes. */
#include "lang/lang.h"

#include "text/chars.h"

static int at_line_start(Span t, size_t i) {
  while (i > 0 && (t.ptr[i - 1] == ' ' || t.ptr[i - 1] == '\t')) i--;
  return i == 0 || t.ptr[i - 1] == '\n';
}

static int starts_with(Span t, size_t i, const char *s) {
  size_t n = strlen(s);
  return t.len - i >= n && memcmp(t.ptr + i, s, n) == 0;
}

/* Behind the code fence that opens at i; the end of the text if it never closes. */
static size_t skip_fence(Span t, size_t i) {
  char mark = t.ptr[i];
  size_t width = 0;
  while (i + width < t.len && t.ptr[i + width] == mark) width++;
  for (size_t k = i + width; k < t.len; k++) {
    if (t.ptr[k] != mark || !at_line_start(t, k)) continue;
    size_t n = 0;
    while (k + n < t.len && t.ptr[k + n] == mark) n++;
    if (n >= width) return k + n;
    k += n - 1;
  }
  return t.len;
}

/* Behind `code` in backquotes at i, on one line; i if it does not close. */
static size_t skip_inline(Span t, size_t i) {
  for (size_t k = i + 1; k < t.len && t.ptr[k] != '\n'; k++)
    if (t.ptr[k] == '`') return k + 1;
  return i;
}

/* Behind the run of characters that are no white space. */
static size_t skip_run(Span t, size_t i) {
  size_t next;
  while (i < t.len && !chars_is_space(chars_decode(t.ptr, t.len, i, &next))) i = next;
  return i;
}

/* Behind what is no prose at i; i if nothing is. */
static size_t skip_at(Span t, size_t i) {
  switch (t.ptr[i]) {
    case '`':
      if (starts_with(t, i, "```") && at_line_start(t, i)) return skip_fence(t, i);
      return skip_inline(t, i);
    case '~': return starts_with(t, i, "~~~") && at_line_start(t, i) ? skip_fence(t, i) : i;
    case 'h': return starts_with(t, i, "http://") || starts_with(t, i, "https://") ? skip_run(t, i) : i;
    case 'w': return starts_with(t, i, "www.") ? skip_run(t, i) : i;
    default: return i;
  }
}

size_t lang_mask(Span text, char *out) {
  size_t n = 0, word = 0;                  /* word: where in out the current run of non-spaces began */
  int mail = 0;
  for (size_t i = 0; i < text.len;) {
    size_t end = skip_at(text, i);
    if (end > i) {
      out[n++] = ' ';
      word = n;
      mail = 0;
      i = end;
      continue;
    }
    char c = text.ptr[i++];
    if (c == '@' && n > word) mail = 1;
    if (c == ' ' || (unsigned char)(c - 9) < 5) {
      if (mail) n = word;                  /* the run was an address */
      mail = 0;
      word = n + 1;
    }
    out[n++] = c;
  }
  if (mail) n = word;
  memset(out + n, 0, 16);
  return n;
}

Span lang_head(Span text, size_t max) {
  if (text.len <= max) return text;
  while (max > 0 && ((unsigned char)text.ptr[max] & 0xC0) == 0x80) max--;
  return span_of(text.ptr, max);
}

/* Adds share to the code's entry in list[0..*n), which has room for LANG_SHARES a part. */
static void add_share(LangShare *list, size_t *n, const char *code, double share) {
  size_t i = 0;
  while (i < *n && strcmp(list[i].code, code) != 0) i++;
  if (i == *n) {
    list[i] = (LangShare){ .share = 0 };
    memcpy(list[(*n)++].code, code, LANG_CODE_SIZE);
  }
  list[i].share += share;
}

LangResult lang_merge(const LangResult *part, const size_t *bytes, size_t n) {
  enum { MAX_PARTS = 8 };
  LangShare list[MAX_PARTS * LANG_SHARES];
  LangResult r = { .code = "und" };
  size_t len = 0;
  double all = 0;
  for (size_t p = 0; p < n && p < MAX_PARTS; p++) {
    double known = 0;
    if (strcmp(part[p].code, "und") == 0) continue;
    for (int i = 0; i < LANG_SHARES && part[p].share[i].code[0] != '\0'; i++) known += part[p].share[i].share;
    for (int i = 0; i < LANG_SHARES && part[p].share[i].code[0] != '\0'; i++)
      add_share(list, &len, part[p].share[i].code, part[p].share[i].share / known * (double)bytes[p]);
    all += (double)bytes[p];
  }
  for (int k = 0; k < LANG_SHARES && all > 0; k++) {
    LangShare *best = NULL;
    for (size_t i = 0; i < len; i++)
      if (list[i].share > 0 && (best == NULL || list[i].share > best->share)) best = &list[i];
    if (best == NULL) break;
    r.share[k] = *best;
    r.share[k].share /= all;
    best->share = 0;
  }
  if (r.share[0].code[0] == '\0') return r;
  memcpy(r.code, r.share[0].code, LANG_CODE_SIZE);
  r.confidence = r.share[0].share;
  return r;
}

int lang_matches(const char *code, Span wanted) {
  size_t n = strlen(code);
  if (n < wanted.len || memcmp(code, wanted.ptr, wanted.len) != 0) return 0;
  return n == wanted.len || code[wanted.len] == '-';
}
