/* tests/judge_server/batch.h - work handed in whole and fetched later, at half price, as both providers have it.
** A batch runs when it ends: after so many polls and milliseconds. Its rows meet the same markers, script and mix
** as single requests; of the faults, status faults make a row fail and reply faults spoil its words. */
#ifndef TAMIS_JUDGE_BATCH_H
#define TAMIS_JUDGE_BATCH_H

#include <time.h>

#include "server.h"

typedef struct BatchRow { Span custom_id, params; } BatchRow;   /* params: JSON text */

enum { ROW_SUCCEEDED, ROW_ERRORED, ROW_CANCELED, ROW_EXPIRED, ROW_ENDS };
enum { BATCH_RUNNING, BATCH_CANCELING, BATCH_ENDED, BATCH_FAILED };

typedef struct Batch {
  struct Batch *next;      /* newest first */
  Dialect d;
  char id[40], input_file[40], output_file[40], error_file[40], endpoint[40];
  Buf body;                /* the request or the input file, which the rows point into */
  BatchRow *row;           /* [n] */
  size_t n, cap;
  int state, polls, canceled, expired, newest;
  uint64_t due;
  time_t created, ended, cancel_at;
  size_t count[ROW_ENDS];
  Usage usage;
  Buf results, errors; /* JSON Lines; OpenAI: of the input file while state is BATCH_FAILED, `errors` is a JSON array */
  Buf metadata;            /* JSON text, or empty */
} Batch;

typedef struct File { struct File *next; char id[40], name[80], purpose[32]; time_t created; Buf bytes; } File;

Batch *batch_new(Server *s, Dialect d, const char *prefix);
void batch_drop(Server *s, Batch *b);
Batch *batch_find(Server *s, Dialect d, Span id);
int batch_add(Batch *b, Span custom_id, Span params);
/* The first custom_id that stands twice; absent if none does. */
Span batch_twice(const Batch *b);
/* Counts a poll; runs the rows once it is time, each handed to put with how it ended and its JSON. */
typedef void (*BatchPut)(Server *s, Batch *b, Span custom_id, int how, int status, Span json);
void batch_poll(Server *s, Batch *b, BatchPut put);

#endif
