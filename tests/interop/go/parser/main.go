// Prometheus' own parsers as a program: reads expositions, tells what is in them.
//
// On standard input, for each: a line `text N`, `openmetrics N`, `protobuf N` or `strict N`, then N
// bytes. The first three are read as a scrape reads them (model/textparse), the last as promtool and
// other tools do (expfmt). Answered by a line `ok N` or `error N` and N bytes: what was found, a line
// for each, or what is wrong:
//
//	T NAME TYPE            of metadata
//	H NAME HELP
//	U NAME UNIT
//	S LABELS VALUE TIME    a sample: those with a value, sorted; the value's bits, milliseconds or -
//	X LABELS VALUE TIME    the exemplar of the sample before
//	N LABELS TIME HISTOGRAM  a native histogram
package main

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"strconv"

	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/exemplar"
	"github.com/prometheus/prometheus/model/histogram"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/model/textparse"
)

var contentTypes = map[string]string{
	"text":        "text/plain; version=0.0.4",
	"openmetrics": "application/openmetrics-text; version=1.0.0",
	"protobuf":    "application/vnd.google.protobuf; proto=io.prometheus.client.MetricFamily; encoding=delimited",
}

func timeOf(milliseconds *int64) string {
	if milliseconds == nil {
		return "-"
	}
	return strconv.FormatInt(*milliseconds, 10)
}

func tellExemplar(parser textparse.Parser, out *bytes.Buffer) {
	var found exemplar.Exemplar
	if !parser.Exemplar(&found) {
		return
	}
	when := "-"
	if found.HasTs {
		when = strconv.FormatInt(found.Ts, 10)
	}
	fmt.Fprintf(out, "X %s %x %s\n", found.Labels, math.Float64bits(found.Value), when)
}

// What the storage, which comes after the parser, would refuse: it fails the whole scrape.
func judge(found labels.Labels) error {
	if !found.IsValid(model.UTF8Validation) {
		return fmt.Errorf("invalid names: %s", found)
	}
	if name, has := found.HasDuplicateLabelNames(); has {
		return fmt.Errorf("label name %q is there twice", name)
	}
	return nil
}

func validate(whole *histogram.Histogram, float *histogram.FloatHistogram) error {
	if whole != nil {
		return whole.Validate()
	}
	return float.Validate()
}

// What panics in it would end the scrape, too.
func parse(contentType string, text []byte) (found string, failure error) {
	defer func() {
		if panicked := recover(); panicked != nil {
			failure = fmt.Errorf("panic: %v", panicked)
		}
	}()
	return parseAll(contentType, text)
}

func parseAll(contentType string, text []byte) (string, error) {
	parser, err := textparse.New(text, contentType, labels.NewSymbolTable(), textparse.ParserOptions{})
	if err != nil {
		return "", err
	}
	var out bytes.Buffer
	for {
		entry, err := parser.Next()
		if errors.Is(err, io.EOF) {
			return out.String(), nil
		}
		if err != nil {
			return "", err
		}
		switch entry {
		case textparse.EntryType:
			name, kind := parser.Type()
			fmt.Fprintf(&out, "T %s %s\n", name, kind)
		case textparse.EntryHelp:
			name, help := parser.Help()
			fmt.Fprintf(&out, "H %s %q\n", name, help)
		case textparse.EntryUnit:
			name, unit := parser.Unit()
			fmt.Fprintf(&out, "U %s %s\n", name, unit)
		case textparse.EntrySeries:
			_, when, value := parser.Series()
			var found labels.Labels
			parser.Labels(&found)
			if err := judge(found); err != nil {
				return "", err
			}
			fmt.Fprintf(&out, "S %s %x %s\n", found.WithoutEmpty(), math.Float64bits(value), timeOf(when))
			tellExemplar(parser, &out)
		case textparse.EntryHistogram:
			_, when, whole, float := parser.Histogram()
			var found labels.Labels
			parser.Labels(&found)
			if err := judge(found); err != nil {
				return "", err
			}
			if err := validate(whole, float); err != nil {
				return "", err
			}
			if whole != nil {
				float = whole.ToFloat(nil)
			}
			fmt.Fprintf(&out, "N %s %s %s\n", found.WithoutEmpty(), timeOf(when), float)
			tellExemplar(parser, &out)
		}
	}
}

func parseStrictly(text []byte) (string, error) {
	parser := expfmt.NewTextParser(model.UTF8Validation)
	_, err := parser.TextToMetricFamilies(bytes.NewReader(text))
	return "", err
}

func serve(in *bufio.Reader, out *bufio.Writer) error {
	for {
		var kind string
		var size int
		if _, err := fmt.Fscanf(in, "%s %d\n", &kind, &size); err != nil {
			if errors.Is(err, io.EOF) {
				return nil
			}
			return err
		}
		text := make([]byte, size)
		if _, err := io.ReadFull(in, text); err != nil {
			return err
		}
		var found string
		var err error
		if kind == "strict" {
			found, err = parseStrictly(text)
		} else {
			found, err = parse(contentTypes[kind], text)
		}
		verdict := "ok"
		if err != nil {
			verdict, found = "error", err.Error()
		}
		fmt.Fprintf(out, "%s %d\n%s", verdict, len(found), found)
		if err := out.Flush(); err != nil {
			return err
		}
	}
}

func main() {
	if err := serve(bufio.NewReader(os.Stdin), bufio.NewWriter(os.Stdout)); err != nil {
		fmt.Fprintln(os.Stderr, "parser:", err)
		os.Exit(1)
	}
}
