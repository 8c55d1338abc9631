#!/usr/bin/perl
# make_fold_table.pl - writes fold_table.h from Perl's own Unicode database:
#   perl modules/text/make_fold_table.pl > modules/text/fold_table.h
# Run by hand when a newer Unicode is wanted; the result is committed.
# Two stages: fold_stage1[cp >> 7] names a block of 128, fold_stage2[block][cp & 127] a record
# { delta to the simple lower case, flags }. Nothing from FOLD_TABLE_END on has either.
use strict; use warnings;
use Unicode::UCD qw(prop_invmap prop_invlist);

my $END = 0x20000;
my (@delta, @flags);
my ($starts, $maps, $format, $default) = prop_invmap("Simple_Lowercase_Mapping");
for my $i (0 .. $#$starts) {
  my $to = $maps->[$i];
  next if $to eq $default || $to !~ /^\d+$/ || $to == 0;
  my $last = $i < $#$starts ? $starts->[$i + 1] - 1 : $starts->[$i];
  die "beyond the table" if $last >= $END;
  # format "al"/"a": the value belongs to the first code point and grows with it
  $delta[$_] = $to - $starts->[$i] for $starts->[$i] .. $last;
}
sub mark {
  my ($flag, @list) = @_;
  while (@list) {
    my ($from, $to) = (shift @list, shift @list);
    die "beyond the table" if !defined $to || $to > $END;
    $flags[$_] = ($flags[$_] // 0) | $flag for $from .. $to - 1;
  }
}
mark(1, prop_invlist("White_Space"));
mark(1, 0x1C, 0x20);
mark(2, prop_invlist("General_Category=Punctuation"));

my (%record, @records, %block, @blocks, @stage1);
for my $b (0 .. $END / 128 - 1) {
  my @ids = map {
    my $key = ($delta[$_] // 0) . "," . ($flags[$_] // 0);
    $record{$key} //= do { push @records, $key; $#records };
  } $b * 128 .. $b * 128 + 127;
  my $key = join ",", @ids;
  $stage1[$b] = $block{$key} //= do { push @blocks, $key; $#blocks };
}
die "too many" if @records > 256 || @blocks > 256;
sub rows { my $n = shift; my @out; push @out, "  " . join(",", splice @_, 0, $n) . ",\n" while @_; join "", @out }
print "/* fold_table.h - made by make_fold_table.pl from Unicode ", Unicode::UCD::UnicodeVersion(), ". Do not edit. */\n";
print "#define FOLD_UNICODE_VERSION \"", Unicode::UCD::UnicodeVersion(), "\"\n";
printf "enum { FOLD_TABLE_END = 0x%X, FOLD_SPACE = 1, FOLD_PUNCTUATION = 2 };\n", $END;
print "typedef struct FoldRecord { int32_t delta; uint8_t flags; } FoldRecord;\n";
print "static const FoldRecord fold_records[", scalar @records, "] = {\n", rows(8, map { "{$_}" } @records), "};\n";
print "static const uint8_t fold_stage1[", scalar @stage1, "] = {\n", rows(32, @stage1), "};\n";
print "static const uint8_t fold_stage2[", scalar @blocks, "][128] = {\n", map({ "  {$_},\n" } @blocks), "};\n";
