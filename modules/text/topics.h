/* modules/text/topics.h - which rule's words stand in a text?
**
** A rule has phrases; the first rule, in order, of which any phrase stands in the text wins. All
** phrases of all rules are found in one walk: Aho, Corasick, "Efficient string matching", 1975,
** as a table of states over the classes of bytes that phrases use. Phrases and text are folded
** (fold.h), so case does not matter and "log in" finds "Log\n in".
**
** A phrase stands alone: no letter, digit or underscore touches an end of it that is one itself.
** A `*` at an end lifts that: "refund*" finds "refunds". Characters of scripts written without
** spaces need no boundary. */
#ifndef TAMIS_TOPICS_H
#define TAMIS_TOPICS_H

#include "core/error.h"
#include "core/span.h"

typedef struct Topics Topics;

typedef struct TopicPhrase {
  Span text;        /* as the recipe has it */
  uint32_t rule;    /* lower wins */
} TopicPhrase;

/* Compiles n phrases, which need not outlive the call. NULL with err worded: out of memory, or a
** phrase of nothing but white space and stars. */
Topics *topics_new(const TopicPhrase *phrases, size_t n, Error *err);
/* The winning rule of a folded text; -1 if none. */
int64_t topics_match(const Topics *t, Span folded);
/* The same; where there is one, *start..*end are the folded bytes of the first place where it stands. */
int64_t topics_find(const Topics *t, Span folded, size_t *start, size_t *end);
void topics_free(Topics *t);   /* NULL is left alone */

#endif
