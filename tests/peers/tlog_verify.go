// Checks an exported ledger by the Go project's own library of transparency logs, which shares nothing with ours.
//
//	go run tlog_verify.go FOLDER KEY
//
// Signature of the checkpoint, every tile, an inclusion proof of every entry, a consistency proof from every earlier
// size. Prints "N entries hold", or what does not and exits with 1.
package main

import (
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

const height = 8

// folder reads tiles where C2SP tlog-tiles puts them: the same paths without the height.
type folder string

func (f folder) Height() int                                { return height }
func (f folder) SaveTiles(tiles []tlog.Tile, data [][]byte) {}

func (f folder) ReadTiles(tiles []tlog.Tile) ([][]byte, error) {
	var all [][]byte
	for _, tile := range tiles {
		path := strings.Replace(tile.Path(), fmt.Sprintf("tile/%d/", height), "tile/", 1)
		data, err := os.ReadFile(filepath.Join(string(f), path))
		if err != nil {
			return nil, err
		}
		all = append(all, data)
	}
	return all, nil
}

// entries reads the bundles: each entry has its length before it, in two bytes.
func (f folder) entries(size int64) ([][]byte, error) {
	var all [][]byte
	for number := int64(0); int64(len(all)) < size; number++ {
		width := size - int64(len(all))
		if width > 1<<height {
			width = 1 << height
		}
		tile := tlog.Tile{H: height, L: -1, N: number, W: int(width)}
		path := strings.Replace(tile.Path(), fmt.Sprintf("tile/%d/data/", height), "tile/entries/", 1)
		data, err := os.ReadFile(filepath.Join(string(f), path))
		if err != nil {
			return nil, err
		}
		for len(data) >= 2 {
			length := int(binary.BigEndian.Uint16(data))
			if len(data) < 2+length {
				return nil, fmt.Errorf("%s is cut", path)
			}
			all, data = append(all, data[2:2+length]), data[2+length:]
		}
	}
	return all, nil
}

func tree(f folder, key string) (tlog.Tree, error) {
	verifier, err := note.NewVerifier(key)
	if err != nil {
		return tlog.Tree{}, err
	}
	text, err := os.ReadFile(filepath.Join(string(f), "checkpoint"))
	if err != nil {
		return tlog.Tree{}, err
	}
	signed, err := note.Open(text, note.VerifierList(verifier))
	if err != nil {
		return tlog.Tree{}, err
	}
	lines := strings.Split(signed.Text, "\n")
	if len(lines) < 3 || lines[0] != verifier.Name() {
		return tlog.Tree{}, fmt.Errorf("the checkpoint's origin is not %s", verifier.Name())
	}
	size, err := strconv.ParseInt(lines[1], 10, 64)
	if err != nil {
		return tlog.Tree{}, err
	}
	root, err := base64.StdEncoding.DecodeString(lines[2])
	if err != nil || len(root) != tlog.HashSize {
		return tlog.Tree{}, fmt.Errorf("the checkpoint's root is no hash")
	}
	hash := tlog.Hash{}
	copy(hash[:], root)
	return tlog.Tree{N: size, Hash: hash}, nil
}

func check(f folder, key string) (int64, error) {
	t, err := tree(f, key)
	if err != nil {
		return 0, err
	}
	entries, err := f.entries(t.N)
	if err != nil {
		return 0, err
	}
	hashes := tlog.TileHashReader(t, f)
	for at, entry := range entries {
		proof, err := tlog.ProveRecord(t.N, int64(at), hashes)
		if err != nil {
			return 0, fmt.Errorf("leaf %d: %w", at, err)
		}
		if err := tlog.CheckRecord(proof, t.N, t.Hash, int64(at), tlog.RecordHash(entry)); err != nil {
			return 0, fmt.Errorf("leaf %d: %w", at, err)
		}
		older, err := tlog.TreeHash(int64(at)+1, hashes)
		if err != nil {
			return 0, fmt.Errorf("tree of %d: %w", at+1, err)
		}
		grown, err := tlog.ProveTree(t.N, int64(at)+1, hashes)
		if err != nil {
			return 0, fmt.Errorf("tree of %d: %w", at+1, err)
		}
		if err := tlog.CheckTree(grown, t.N, t.Hash, int64(at)+1, older); err != nil {
			return 0, fmt.Errorf("tree of %d: %w", at+1, err)
		}
	}
	return t.N, nil
}

func main() {
	if len(os.Args) != 3 {
		fmt.Fprintln(os.Stderr, "give a folder and a key")
		os.Exit(2)
	}
	size, err := check(folder(os.Args[1]), os.Args[2])
	if err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	fmt.Printf("%d entries hold\n", size)
}
