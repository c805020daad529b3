// go_uses ROOT prints the uses of the names that the Go packages of a folder define, as go/types resolves them: a JSON
// list of {"def": [path, line, column], "uses": [[path, line], ...], "abstract": bool}, lines from 1, columns in bytes
// from 0. Packages that are not in the folder or the standard library are unknown, and so is what is made with them.
// An abstract definition is a method of an interface.
package main

import (
	"encoding/json"
	"errors"
	"go/ast"
	"go/build"
	"go/importer"
	"go/parser"
	"go/token"
	"go/types"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"sort"
	"strings"
)

type place struct {
	file         string
	line, column int
}

type definition struct {
	Def      [3]any   `json:"def"`
	Uses     [][2]any `json:"uses"`
	Abstract bool     `json:"abstract"`
}

type checker struct {
	root    string
	files   *token.FileSet
	folders map[string]*build.Package // by import path
	done    map[string]*types.Package
	tested  map[string]*types.Package
	library types.Importer
	uses    map[place]map[[2]any]bool
	methods map[place]bool
}

func (c *checker) Import(name string) (*types.Package, error) {
	if found, ok := c.done[name]; ok {
		if found == nil {
			return nil, errors.New("cycle")
		}
		return found, nil
	}
	if folder, ok := c.folders[name]; ok {
		c.done[name] = nil
		c.done[name] = c.check(name, folder, folder.GoFiles, c)
		return c.done[name], nil
	}
	if strings.Contains(strings.SplitN(name, "/", 2)[0], ".") {
		return nil, errors.New("not here")
	}
	return c.library.Import(name)
}

type ofTests struct {
	*checker
	name string
}

func (o ofTests) Import(name string) (*types.Package, error) {
	if name == o.name && o.tested[name] != nil {
		return o.tested[name], nil
	}
	return o.checker.Import(name)
}

func (c *checker) check(name string, folder *build.Package, names []string, from types.Importer) *types.Package {
	var parsed []*ast.File
	for _, file := range names {
		tree, _ := parser.ParseFile(c.files, filepath.Join(folder.Dir, file), nil, parser.SkipObjectResolution)
		if tree != nil {
			parsed = append(parsed, tree)
		}
	}
	info := &types.Info{Uses: map[*ast.Ident]types.Object{}, Defs: map[*ast.Ident]types.Object{}}
	config := types.Config{Importer: from, Error: func(error) {}, FakeImportC: true}
	checked, _ := config.Check(name, c.files, parsed, info)
	for ident, object := range info.Uses {
		c.add(ident, object)
	}
	return checked
}

func (c *checker) at(position token.Pos) place {
	found := c.files.Position(position)
	near, err := filepath.Rel(c.root, found.Filename)
	if err != nil || strings.HasPrefix(near, "..") {
		return place{}
	}
	return place{filepath.ToSlash(near), found.Line, found.Column - 1}
}

func (c *checker) add(ident *ast.Ident, object types.Object) {
	abstract := false
	switch known := object.(type) {
	case *types.Func:
		object = known.Origin()
		if receiver := known.Type().(*types.Signature).Recv(); receiver != nil {
			abstract = types.IsInterface(receiver.Type())
		}
	case *types.Var:
		object = known.Origin()
	}
	defined, used := c.at(object.Pos()), c.at(ident.Pos())
	if defined.file == "" || used.file == "" {
		return
	}
	if c.uses[defined] == nil {
		c.uses[defined] = map[[2]any]bool{}
	}
	c.uses[defined][[2]any{used.file, used.line}] = true
	c.methods[defined] = abstract
}

func main() {
	root, _ := filepath.Abs(os.Args[1])
	files := token.NewFileSet()
	c := &checker{
		root: root, files: files, folders: map[string]*build.Package{}, done: map[string]*types.Package{},
		tested: map[string]*types.Package{}, library: importer.ForCompiler(files, "source", nil),
		uses: map[place]map[[2]any]bool{}, methods: map[place]bool{},
	}
	build.Default.CgoEnabled = false
	module := regexp.MustCompile(`(?m)^module\s+"?([^\s"]+)`)
	modules := map[string]string{}
	filepath.WalkDir(root, func(at string, entry fs.DirEntry, err error) error {
		if err != nil || !entry.IsDir() {
			return nil
		}
		base := entry.Name()
		if at != root && (base[0] == '.' || base[0] == '_' || base == "testdata" || base == "vendor" || base == "node_modules") {
			return filepath.SkipDir
		}
		if text, err := os.ReadFile(filepath.Join(at, "go.mod")); err == nil {
			if found := module.FindSubmatch(text); found != nil {
				modules[at] = string(found[1])
			}
		}
		name := ""
		for outer := at; strings.HasPrefix(outer, root); outer = filepath.Dir(outer) {
			if prefix, ok := modules[outer]; ok {
				near, _ := filepath.Rel(outer, at)
				name = path.Join(prefix, filepath.ToSlash(near))
				break
			}
		}
		if name != "" {
			if folder, _ := build.ImportDir(at, 0); folder != nil && len(folder.GoFiles)+len(folder.TestGoFiles)+len(folder.XTestGoFiles) > 0 {
				c.folders[name] = folder
			}
		}
		return nil
	})
	var names []string
	for name := range c.folders {
		names = append(names, name)
	}
	sort.Strings(names)
	for _, name := range names {
		c.Import(name)
	}
	for _, name := range names {
		folder := c.folders[name]
		if len(folder.TestGoFiles)+len(folder.XTestGoFiles) > 0 {
			c.tested[name] = c.check(name, folder, append(append([]string{}, folder.GoFiles...), folder.TestGoFiles...), c)
			c.check(name+"_test", folder, folder.XTestGoFiles, ofTests{c, name})
		}
	}
	found := []definition{}
	for at, uses := range c.uses {
		one := definition{Def: [3]any{at.file, at.line, at.column}, Abstract: c.methods[at]}
		for use := range uses {
			one.Uses = append(one.Uses, use)
		}
		found = append(found, one)
	}
	json.NewEncoder(os.Stdout).Encode(found)
}
