/* modules/text/topics.c - see topics.h */
#include "text/topics.h"

#include <stdlib.h>

#include "text/chars.h"
#include "text/fold.h"

typedef struct Phrase {
  uint32_t len;          /* bytes, folded */
  uint32_t rule;
  uint32_t state;        /* where it ends */
  uint32_t also;         /* next phrase that ends in the same state, plus 1; 0: none */
  uint8_t open_start, open_end;   /* no boundary asked for */
} Phrase;

struct Topics {
  size_t nphrases, nstates, nclasses;
  uint8_t class_of[256];   /* 0: a byte that no phrase has */
  uint32_t *next;          /* [nstates * nclasses] */
  uint32_t *ends;          /* [nstates] first phrase that ends here, plus 1; 0: none */
  uint32_t *shorter;       /* [nstates] longest suffix state where a phrase ends; 0: none */
  Phrase *phrase;          /* [nphrases] */
};

void topics_free(Topics *t) {
  if (t == NULL) return;
  free(t->next);
  free(t->ends);
  free(t->shorter);
  free(t->phrase);
  free(t);
}

/* Whether a boundary makes sense beside c: a word's character of a script with spaces. */
static int needs_boundary(uint32_t c) { return chars_in_word(c) && chars_kind(c) == CHAR_WORD; }

static uint32_t char_before(Span text, size_t at) {
  size_t i = at - 1, next;
  while (i > 0 && at - i < 4 && ((unsigned char)text.ptr[i] & 0xC0) == 0x80) i--;
  return chars_decode(text.ptr, text.len, i, &next);
}

static uint32_t char_at(Span text, size_t at) {
  size_t next;
  return chars_decode(text.ptr, text.len, at, &next);
}

/* Folds a phrase into out (room fold_room of its length), takes its stars off. Its bytes. */
static size_t fold_phrase(Span text, char *out, Phrase *p) {
  if (text.len > 0 && text.ptr[0] == '*') {
    p->open_start = 1;
    text = span_of(text.ptr + 1, text.len - 1);
  }
  if (text.len > 0 && text.ptr[text.len - 1] == '*') {
    p->open_end = 1;
    text.len--;
  }
  size_t len = fold_text(out, text, 0, NULL);
  if (len == 0) return 0;
  Span folded = span_of(out, len);
  if (!needs_boundary(char_at(folded, 0))) p->open_start = 1;
  if (!needs_boundary(char_before(folded, len))) p->open_end = 1;
  return len;
}

static int alloc_tables(Topics *t, size_t states) {
  t->next = calloc(states * t->nclasses, sizeof *t->next);
  t->ends = calloc(states, sizeof *t->ends);
  t->shorter = calloc(states, sizeof *t->shorter);
  return t->next && t->ends && t->shorter ? 0 : -1;
}

/* Adds a folded phrase to the trie; the state where it ends. State 0 is the root. */
static uint32_t add_phrase(Topics *t, const char *bytes, size_t len) {
  uint32_t state = 0;
  for (size_t i = 0; i < len; i++) {
    uint32_t *slot = &t->next[state * t->nclasses + t->class_of[(unsigned char)bytes[i]]];
    if (*slot == 0) *slot = (uint32_t)t->nstates++;
    state = *slot;
  }
  return state;
}

/* Turns the trie into the table of all moves, breadth first. 0, or -1 if out of memory. */
static int close_table(Topics *t) {
  uint32_t *fail = calloc(t->nstates, sizeof *fail), *queue = malloc(t->nstates * sizeof *queue);
  if (fail == NULL || queue == NULL) {
    free(fail);
    free(queue);
    return -1;
  }
  size_t head = 0, tail = 0;
  for (size_t c = 1; c < t->nclasses; c++)
    if (t->next[c] != 0) queue[tail++] = t->next[c];
  while (head < tail) {
    uint32_t s = queue[head++], f = fail[s];
    t->shorter[s] = t->ends[f] != 0 ? f : t->shorter[f];
    uint32_t *row = &t->next[s * t->nclasses], *other = &t->next[f * t->nclasses];
    for (size_t c = 1; c < t->nclasses; c++) {
      if (row[c] == 0) {
        row[c] = other[c];
      } else {
        fail[row[c]] = other[c];
        queue[tail++] = row[c];
      }
    }
  }
  free(fail);
  free(queue);
  return 0;
}

/* Fills t from the phrases; room holds the longest of them folded. */
static int build(Topics *t, const TopicPhrase *phrases, size_t n, char *room, Error *err) {
  size_t states = 1;
  t->nclasses = 1;
  for (size_t k = 0; k < n; k++) {
    Phrase *p = &t->phrase[k];
    p->rule = phrases[k].rule;
    p->len = (uint32_t)fold_phrase(phrases[k].text, room, p);
    if (p->len == 0)
      return error_set(err, "phrase \"%.*s\" holds no word", (int)phrases[k].text.len, phrases[k].text.ptr);
    for (size_t i = 0; i < p->len; i++) {
      uint8_t *c = &t->class_of[(unsigned char)room[i]];
      if (*c == 0) *c = (uint8_t)t->nclasses++;   /* at most 254: UTF-8 lacks some bytes */
    }
    states += p->len;
  }
  if (states * t->nclasses > UINT32_MAX)
    return error_set(err, "%zu bytes of phrases are more than one matcher holds", states - 1);
  if (alloc_tables(t, states) != 0) return error_memory(err);
  t->nstates = 1;
  for (size_t k = 0; k < n; k++) {
    Phrase *p = &t->phrase[k], ends = { 0 };
    size_t len = fold_phrase(phrases[k].text, room, &ends);
    p->state = add_phrase(t, room, len);
    p->also = t->ends[p->state];
    t->ends[p->state] = (uint32_t)k + 1;
  }
  return close_table(t) == 0 ? 0 : error_memory(err);
}

Topics *topics_new(const TopicPhrase *phrases, size_t n, Error *err) {
  size_t longest = 0;
  for (size_t k = 0; k < n; k++) {
    if (phrases[k].text.len > longest) longest = phrases[k].text.len;
    if (!chars_valid(phrases[k].text.ptr, phrases[k].text.len)) {
      error_set(err, "phrase %zu is not UTF-8", k + 1);
      return NULL;
    }
  }
  Topics *t = calloc(1, sizeof *t);
  char *room = malloc(fold_room(longest));
  if (t != NULL) t->phrase = calloc(n + 1, sizeof *t->phrase);
  if (t == NULL || room == NULL || t->phrase == NULL) {
    error_memory(err);
  } else {
    t->nphrases = n;
    if (build(t, phrases, n, room, err) == 0) {
      free(room);
      return t;
    }
  }
  free(room);
  topics_free(t);
  return NULL;
}

/* Whether phrase p, which ends behind byte `end`, stands alone there. */
static int stands_alone(const Phrase *p, Span text, size_t end) {
  size_t start = end - p->len;
  if (!p->open_start && start > 0 && needs_boundary(char_before(text, start))) return 0;
  return p->open_end || end == text.len || !needs_boundary(char_at(text, end));
}

int64_t topics_find(const Topics *t, Span folded, size_t *start, size_t *end) {
  int64_t best = INT64_MAX;
  uint32_t state = 0;
  if (t->nphrases == 0) return -1;
  for (size_t i = 0; i < folded.len; i++) {
    state = t->next[state * t->nclasses + t->class_of[(unsigned char)folded.ptr[i]]];
    uint32_t s = t->ends[state] != 0 ? state : t->shorter[state];
    for (; s != 0; s = t->shorter[s]) {
      for (uint32_t k = t->ends[s]; k != 0; k = t->phrase[k - 1].also) {
        const Phrase *p = &t->phrase[k - 1];
        if (p->rule >= best || !stands_alone(p, folded, i + 1)) continue;
        best = p->rule;
        *start = i + 1 - p->len;
        *end = i + 1;
      }
    }
    if (best == 0) return 0;
  }
  return best == INT64_MAX ? -1 : best;
}

int64_t topics_match(const Topics *t, Span folded) {
  size_t start, end;
  return topics_find(t, folded, &start, &end);
}
