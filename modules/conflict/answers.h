/* modules/conflict/answers.h - do two answers to one question contradict each other? Signs that can be had without
** understanding, each silent where it cannot tell; the first that speaks, in this order, is the result:
**
**   final_answer  behind the last marker ("#### 42", "The answer is …") stand different numbers, or different short
**                 texts of which neither has all words of the other. Where they agree, no other sign is asked
**   yes_no        one begins with a word for yes, the other with one for no
**   number        the words beside the numbers are alike, and each has a number that the other has not
**   negation      the words beside negations are alike, and one has an odd number of negations, the other an even one
**   label         both are short, and neither has all words of the other; a number and words ("7", "seven") are no
**                 contradiction. One that ends like a sentence may have half as many words, a question is none
**   different     the Jaccard similarity of their shingles is under a bound
**
** "Alike" is the Jaccard similarity of the sets of words. Words are tokens (text/tokens.h) of the folded text without
** punctuation; a number is ASCII digits, commas between thousands dropped, and its value counts: 1,000.0 is 1000.
** Which words say yes, no or not comes from the stage's tables. */
#ifndef TAMIS_ANSWERS_H
#define TAMIS_ANSWERS_H

#include "core/span.h"

typedef enum ConflictSignal {
  CONFLICT_NONE, CONFLICT_FINAL_ANSWER, CONFLICT_YES_NO, CONFLICT_NUMBER, CONFLICT_NEGATION, CONFLICT_LABEL,
  CONFLICT_DIFFERENT, CONFLICT_SIGNALS
} ConflictSignal;

extern const char *const conflict_signal_names[CONFLICT_SIGNALS];   /* "none", "final_answer", … */

/* A list of phrases, folded without punctuation; owned. */
typedef struct Phrases { char *bytes; Span *phrase; size_t n; } Phrases;
int phrases_init(Phrases *p, const Span *text, size_t n);   /* 0; -1 if out of memory, with *p empty */
int phrases_lower(Phrases *p, const Span *text, size_t n);  /* the same, not folded: lower-case ASCII alone */
void phrases_free(Phrases *p);

/* "isnt" → "is": what a negation leaves of itself; nothing for "not". */
typedef struct Negation { uint64_t word, rest; } Negation;   /* hashes; rest 0: nothing */
uint64_t answer_word(Span text);                             /* the hash of a word, folded; never 0 */

typedef struct ConflictRules {
  unsigned signals;              /* bit s: ConflictSignal s is asked */
  double alike;                  /* number, negation: least similarity of the other words */
  size_t label_words;            /* label, final_answer: most words of a short answer; see above */
  double max_similarity;         /* different: under it; 0: never */
  unsigned shingle;              /* of the Jaccard, code points */
  Phrases yes, no, neither;      /* beginnings; neither: "no problem" is no no */
  Phrases marker;                /* lower-case ASCII, as they stand in the text; not folded */
  Negation *negation;            /* [nnegations] owned, by word */
  size_t nnegations;
} ConflictRules;
void conflict_rules_free(ConflictRules *r);   /* frees and empties */

/* What the signs look at. A zeroed one is empty; it may be read again for another text. */
typedef struct Answer {
  char *folded;          /* [len] without punctuation */
  size_t len, cap;
  uint64_t *word;        /* [nwords] distinct, ascending: without those that hold a digit, negations as what they
                         ** leave */
  uint64_t *number;      /* [nnumbers] distinct, ascending: hashes of values */
  size_t nwords, nnumbers, tokens, negations;
  size_t word_cap, number_cap;
  int polarity;          /* 1 yes, -1 no, 0 neither */
  int phrase;            /* begins with one of `neither`: no label */
  int mark;              /* 2 ends with a question mark, 1 with a full stop or an exclamation mark, 0 with neither */
  char *final;           /* [final_len] what stands behind the last marker, to the end of its line; none: 0 */
  size_t final_len, final_cap;
} Answer;

int answer_read(Answer *a, const ConflictRules *r, Span text);   /* 0; -1 if out of memory */
void answer_free(Answer *a);
/* Do the numbers and the negations of two questions agree? */
int answers_ask_the_same(const Answer *a, const Answer *b);
/* The signal between two answers; similarity is the Jaccard of their shingles. -1 if out of memory. */
int answers_conflict(const ConflictRules *r, const Answer *a, const Answer *b, double similarity);

#endif
