/* modules/rules/content.c - does a text say anything?
**   letters       letters and digits of any script; at most MOST are counted, since only a few are asked for
**   placeholder   1 where the text, blanks and punctuation at its ends apart, is one of setup.word ("null") */
#include "rules/rules.h"
#include "text/chars.h"

enum { LETTERS, PLACEHOLDER };
static const char *const MEASURES[] = { "letters", "placeholder", NULL };
static const char *const NUMBERS[] = { NULL };
enum { MOST = 1000 };

static size_t room(const RuleSetup *s, Span text, Span against) {
  (void)s, (void)text, (void)against;
  return 0;
}

static int at_an_end(char c) { return rules_blank(c) || memchr(".!?,;:\"'()[]{}<>*-_`", c, 20) != NULL; }

static void run(const RuleSetup *s, Span t, Span against, void *room_, Finding *out) {
  (void)against, (void)room_;
  size_t n = 0, start = 0, end = t.len;
  for (size_t i = 0; i < t.len && n < MOST;) {
    uint32_t c = chars_decode(t.ptr, t.len, i, &i);
    n += (size_t)(chars_in_word(c) && c != '_');
  }
  out[LETTERS] = (Finding){ (double)n, 0, t.len };
  while (start < end && at_an_end(t.ptr[start])) start++;
  while (end > start && at_an_end(t.ptr[end - 1])) end--;
  out[PLACEHOLDER].value = 0;
  for (size_t k = 0; k < s->nwords; k++)
    if (s->word[k].len == end - start && rules_begins(span_of(t.ptr + start, end - start), s->word[k]))
      out[PLACEHOLDER] = (Finding){ 1, start, end };
}

const RuleKernel rules_content = { "content", MEASURES, NUMBERS, room, run };
