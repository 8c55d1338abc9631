/* modules/neardup/overlap.h - how much of a gold question stands in a row? By runs of words.
**
** Words are bare tokens (words.h). The n-grams of all gold questions are indexed; a row's n-grams
** that are among them grow into runs, as far as words agree on both sides within one string of the
** row. Of a question and a row:
**   coverage   share of the question's words that stand in runs
**   overlap    the same, each word weighed by log(1 + texts / texts that have it)
**   longest    words of the longest run; all of them: the question stands in the row, contained
**   answer     weighed share of the gold answer's words that stand, in runs of `answer_run` (or the
**              whole answer if it is shorter), between the longest run's begin and `distance` words
**              (and the answer's length) behind its end; NaN where the gold row has no answer
** Texts that frequencies are counted in are the rows and the gold rows. An n-gram that more of them
** have than `common` is a common phrase and starts no run; a question's rarest one always does.
** A question shorter than an n-gram, but of `shortest` words, is only looked for as a whole.
**
** Two bounds keep the cost of odd texts in hand and are no policy: of an answer the first
** OVERLAP_ANSWER_MOST words are looked for (the search is quadratic), and of a row and a question
** OVERLAP_RUNS_MOST runs are followed (a text of one word repeated has a run on every diagonal).
** Runs are compared by their bytes before a figure is given. Same result for any thread count. */
#ifndef TAMIS_OVERLAP_H
#define TAMIS_OVERLAP_H

#include "neardup/words.h"

enum { OVERLAP_LEAST = 3, OVERLAP_MOST = 13, OVERLAP_ANSWER_MOST = 512, OVERLAP_RUNS_MOST = 64 };

typedef struct OverlapParams {
  unsigned ngram;           /* words, OVERLAP_LEAST .. OVERLAP_MOST */
  double common;            /* share of the texts; */
  unsigned common_texts;    /* and at least so many */
  unsigned shortest;        /* words of a question that is looked for at all, 1 or more */
  unsigned distance;
  unsigned answer_run;      /* words, 1 .. OVERLAP_ANSWER_MOST */
  double answered;          /* so much of an answer is "the answer stands near" */
  double threshold;         /* overlap from here on, of so many words, is a match; */
  unsigned words;
  double with_answer;       /* so is this much, where the answer stands near; */
  int contained;            /* so is a whole question; one shorter than an n-gram only with its answer */
} OverlapParams;

typedef struct OverlapMatch {
  uint32_t gold;            /* a gold text; TEXT_NONE: no match */
  int contained;
  double overlap, coverage, answer;
  double best;              /* the highest overlap of the row with any question, a match or not */
  uint32_t longest;
  uint32_t string;          /* the longest run: which string of the row, */
  uint32_t first, last;     /* and which of its tokens (words_place) */
} OverlapMatch;

/* For each row the match that is best: contained before not, then the highest overlap, then the
** first gold text. The three sources are read by words_read; out[rows->n].
** 0; -1 with err worded; POOL_INTERRUPTED. */
int overlap_find(const TextSource *rows, const TextSource *questions, const TextSource *answers,
                 const OverlapParams *p, Pool *pool, OverlapMatch *out, Error *err);

#endif
