/* modules/schema/tree.h - a JSON text as an array of its values, each before those inside it: who looks at a value
** many times, as a schema does, walks its members without reading what lies inside them.
**
**   {"a": [1, 2], "b": 3}     node   0 {…}   1 a: […]   2 1   3 2   4 b: 3
**                             next   5       4          3     4     5
** The members of node i are i + 1, then each one's next, as long as that is before node i's own next. */
#ifndef TAMIS_TREE_H
#define TAMIS_TREE_H

#include "corpus/json.h"

typedef struct TreeNode {
  JsonValue key;     /* JSON_NONE: an element, or the root */
  JsonValue value;   /* its bytes lie in the text */
  uint32_t next;     /* the node behind all that lies inside this one */
  uint32_t count;    /* members or elements */
  uint8_t word;      /* which keyword the key is: schema.h */
} TreeNode;

typedef struct Tree {
  TreeNode *node;    /* [n], owned */
  size_t n, cap;
} Tree;

/* Reads a text that json_check found valid; the tree points into it. Zero a Tree before its first use and build with
** it again and again. 0, or -1 if out of memory. */
int tree_build(Tree *t, Span text);
void tree_free(Tree *t);

/* for (uint32_t c = tree_first(t, i); c != 0; c = tree_after(t, i, c)) …; 0: there is none (further). */
static inline uint32_t tree_first(const Tree *t, uint32_t i) { return t->node[i].count > 0 ? i + 1 : 0; }
static inline uint32_t tree_after(const Tree *t, uint32_t i, uint32_t c) {
  return t->node[c].next < t->node[i].next ? t->node[c].next : 0;
}
/* The member of that name, the last one where there are several; 0 if there is none. */
uint32_t tree_get(const Tree *t, uint32_t i, Span name);

/* Appends where node i stands below `root`: as a JSON pointer (RFC 6901), or as paths are written in recipes.
** 0, or -1 if out of memory. */
int tree_pointer(const Tree *t, uint32_t root, uint32_t i, Buf *out);
int tree_path(const Tree *t, uint32_t root, uint32_t i, Buf *out);

/* ---- paths with every element: messages[].tool_calls[0].name ---- */

typedef struct TreeStep { Span name; size_t place; uint8_t kind; } TreeStep;
enum { STEP_NAME, STEP_PLACE, STEP_EACH, TREE_MAX_STEPS = 16 };
typedef struct TreePath { TreeStep step[TREE_MAX_STEPS]; size_t n; } TreePath;

/* Reads a path, which must outlive it. 0; -1 if it is none: empty, a bracket that does not close, too many steps. */
int tree_parse_path(TreePath *p, Span text);

/* Every node that the path leads to, and every place where it breaks off. found: the node. missing: the last node
** there was, and the index of the step that it has not. Either returns non-zero to end the walk, which is then
** returned. */
typedef struct TreeVisit {
  int (*found)(void *with, uint32_t node);
  int (*missing)(void *with, uint32_t node, size_t step);
  void *with;
} TreeVisit;
int tree_visit(const Tree *t, uint32_t root, const TreePath *p, const TreeVisit *visit);

#endif
