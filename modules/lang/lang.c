/* modules/lang/lang.c - cutting, joining the results of parts, matching codes. */
#include "lang/lang.h"

Span lang_head(Span text, size_t max) {
  if (text.len <= max) return text;
  while (max > 0 && ((unsigned char)text.ptr[max] & 0xC0) == 0x80) max--;
  return span_of(text.ptr, max);
}

size_t lang_letters(Span text) {
  size_t n = 0;
  for (size_t i = 0; i < text.len; i++) {
    unsigned char c = (unsigned char)text.ptr[i], low = c | 32;
    n += c >= 0x80 || (low >= 'a' && low <= 'z');
  }
  return n;
}

static void copy_code(char to[LANG_CODE_SIZE], const char *label) {
  size_t n = strlen(label);
  if (n >= LANG_CODE_SIZE) n = LANG_CODE_SIZE - 1;
  memcpy(to, label, n);
  memset(to + n, 0, LANG_CODE_SIZE - n);
}

static int ask_model(const LangEngine *e, Span masked, LangResult *r) {
  FastTextGuess g;
  int n = fasttext_predict(e->model, masked, 1, &g);
  if (n < 0) return -1;
  if (n == 0) return 0;
  copy_code(r->share[0].code, g.label);
  r->share[0].share = g.score;
  r->reliable = g.score >= e->min_probability;
  if (!r->reliable) return 0;
  r->share[0].share = 1;
  copy_code(r->code, g.label);
  r->confidence = 1;
  return 0;
}

int lang_tell(const LangEngine *e, Span masked, LangResult *r) {
  *r = (LangResult){ .code = "und" };
  if (lang_letters(masked) < e->min_letters) return 0;
  if (e->model != NULL) return ask_model(e, masked, r);
  *r = lang_detect(masked);
  return 0;
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
  r.reliable = 1;
  return r;
}

int lang_matches(const char *code, Span wanted) {
  size_t n = strlen(code);
  if (n < wanted.len || memcmp(code, wanted.ptr, wanted.len) != 0) return 0;
  return n == wanted.len || code[wanted.len] == '-';
}
