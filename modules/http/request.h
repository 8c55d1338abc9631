/* modules/http/request.h - a request of one's own: everything that http_submit was given, copied into
** one block, with the list of header lines that libcurl reads. */
#ifndef TAMIS_REQUEST_H
#define TAMIS_REQUEST_H

#include "http/http.h"
#include "http/queue.h"

typedef struct HeaderLine {    /* laid out as libcurl's struct curl_slist, which request.c asserts */
  char *data;
  struct HeaderLine *next;
} HeaderLine;

typedef struct Request {
  QueueItem item;              /* first */
  const char *method, *url, *to_file;
  Span body;
  HeaderLine *line;            /* its own lines, then the client's secret ones */
  HttpPart *part;
  size_t nparts, max_reply_bytes;
  double need[PACE_BUCKETS];
  int sends;
} Request;

typedef struct RequestFrame {  /* what the client adds to each */
  const char *base;            /* origin and prefix, no slash at the end */
  const HttpHeader *header;
  size_t nheaders;
  const HttpHeader *fixed;     /* headers that no request may name, the secret ones among them */
  size_t nfixed;
  HeaderLine *tail;            /* lines behind each request's own; they outlive it */
} RequestFrame;

int header_check(const HttpHeader *h, Error *err);    /* a token, and a value that a header can carry */
int header_same(const char *a, const char *b);        /* names, in any case of letters */
/* NULL with err worded. */
Request *request_new(const HttpRequest *r, const RequestFrame *frame, Error *err);
void request_free(Request *r);

#endif
