package main

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// textWidth guesses how wide a text is in a font without serifs, rather too much than too little.
func textWidth(s string, size int) int { return measured(s, size, glyph) }

// heavyWidth is textWidth for heavy letters.
func heavyWidth(s string, size int) int { return measured(s, size, heavyGlyph) }

// monoWidth is textWidth for a font whose characters are of one width.
func monoWidth(s string, size int) int { return measured(s, size, monoGlyph) }

func measured(s string, size int, glyph func(rune) int) int {
	w := 0
	for _, c := range s {
		w += glyph(c)
	}
	return (w*size + 99) / 100
}

func monoGlyph(c rune) int { return cells(c) * 61 }

func heavyGlyph(c rune) int { return glyph(c) * 116 / 100 }

// glyph is how wide a character is, in hundredths of the size of the font.
func glyph(c rune) int {
	switch {
	case cells(c) != 1:
		return cells(c) * 53
	case strings.ContainsRune("iljI.,:;|'!", c):
		return 31
	case strings.ContainsRune("frt()[]/-\\ ", c):
		return 41
	case strings.ContainsRune("mwMW@%…", c):
		return 95
	case unicode.IsUpper(c):
		return 72
	}
	return 60
}

// fit cuts a text so that it is no wider than that.
func fit(s string, most, size int, glyph func(rune) int) string {
	w, cut := 0, 0
	for i, c := range s {
		if w += glyph(c); (w+glyph('…'))*size <= most*100 {
			cut = i + utf8.RuneLen(c)
		}
		if w*size > most*100 {
			return strings.TrimRight(s[:cut], " ,") + "…"
		}
	}
	return s
}
