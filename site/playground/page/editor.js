// The editor: CodeMirror with Python, the error's line marked, and the line of the step.
import { autocompletion, closeBrackets, closeBracketsKeymap, completionKeymap } from "@codemirror/autocomplete";
import { defaultKeymap, history, historyKeymap, indentWithTab } from "@codemirror/commands";
import { python } from "@codemirror/lang-python";
import { bracketMatching, HighlightStyle, indentOnInput, indentUnit, syntaxHighlighting } from "@codemirror/language";
import { lintGutter, lintKeymap, setDiagnostics } from "@codemirror/lint";
import { EditorState, StateEffect, StateField } from "@codemirror/state";
import { Decoration, drawSelection, EditorView, keymap, lineNumbers } from "@codemirror/view";
import { tags } from "@lezer/highlight";

const colors = HighlightStyle.define([
  { tag: [tags.keyword, tags.operatorKeyword, tags.modifier], color: "var(--value)", fontWeight: "600" },
  { tag: [tags.string, tags.special(tags.string)], color: "var(--tangent)" },
  { tag: [tags.number, tags.bool, tags.null], color: "var(--grad)" },
  { tag: tags.comment, color: "var(--muted)", fontStyle: "italic" },
  { tag: tags.function(tags.definition(tags.variableName)), fontWeight: "600" },
]);
const look = EditorView.theme({
  "&": { height: "100%", fontSize: "0.9rem", backgroundColor: "var(--card)", color: "var(--text)" },
  ".cm-content": { fontFamily: 'ui-monospace, "DejaVu Sans Mono", Consolas, monospace', caretColor: "var(--text)" },
  ".cm-cursor": { borderLeftColor: "var(--text)" },
  ".cm-gutters": { backgroundColor: "var(--module)", color: "var(--muted)", border: "none" },
  "&.cm-focused": { outline: "3px solid var(--value)", outlineOffset: "-3px" },
  "&.cm-focused > .cm-scroller > .cm-selectionLayer .cm-selectionBackground, .cm-selectionBackground": {
    backgroundColor: "var(--lit-value) !important" },
  ".cm-matchingBracket": { backgroundColor: "var(--lit-tangent)" },
  ".cm-tooltip": { backgroundColor: "var(--card)", color: "var(--text)", border: "1px solid var(--line)" },
  ".cm-tooltip-autocomplete ul li[aria-selected]": { backgroundColor: "var(--lit-value)", color: "var(--text)" },
  ".cm-step": { backgroundColor: "var(--lit-value)" },
  ".cm-step-back": { backgroundColor: "var(--lit-grad)" },
  ".cm-step-tangent": { backgroundColor: "var(--lit-tangent)" },
  ".cm-wrong": { boxShadow: "inset 4px 0 0 var(--bad)" },
});

const mark = StateEffect.define();
const marked = StateField.define({
  create: () => Decoration.none,
  update(now, transaction) {
    let made = transaction.docChanged ? Decoration.none : now;
    for (const effect of transaction.effects)
      if (effect.is(mark)) {
        const { line, className } = effect.value, lines = transaction.state.doc.lines;
        made = line >= 1 && line <= lines
          ? Decoration.set([Decoration.line({ class: className }).range(transaction.state.doc.line(line).from)])
          : Decoration.none;
      }
    return made;
  },
  provide: (field) => EditorView.decorations.from(field),
});

export class Editor {
  constructor(parent, { run, changed }) {
    const act = () => (run(), true);
    this.view = new EditorView({
      parent,
      state: EditorState.create({
        extensions: [
          keymap.of([{ key: "Mod-Enter", run: act }, { key: "Shift-Enter", run: act }]),
          lineNumbers(), history(), drawSelection(), indentOnInput(), bracketMatching(), closeBrackets(),
          autocompletion(), python(), indentUnit.of("    "), EditorState.tabSize.of(4), lintGutter(), marked, look,
          syntaxHighlighting(colors), EditorView.lineWrapping,
          EditorView.contentAttributes.of({ "aria-label": "Program", spellcheck: "false" }),
          EditorView.updateListener.of((update) => { if (update.docChanged) changed(); }),
          keymap.of([...closeBracketsKeymap, ...defaultKeymap, ...historyKeymap, ...completionKeymap, ...lintKeymap, indentWithTab]),
        ],
      }),
    });
  }

  get source() { return this.view.state.doc.toString(); }
  set source(text) {
    this.view.dispatch({ changes: { from: 0, to: this.view.state.doc.length, insert: text }, selection: { anchor: 0 } });
    this.view.scrollDOM.scrollTop = 0;
  }

  // `place` counts lines and columns from 1; columns may be missing, or count bytes past the line.
  showError(text, place) {
    const doc = this.view.state.doc;
    const [first, start, last, end] = place;
    const line = doc.line(Math.min(Math.max(first, 1), doc.lines));
    const until = doc.line(Math.min(Math.max(last || first, first), doc.lines));
    let from = Math.min(line.from + Math.max((start || 1) - 1, 0), line.to);
    let to = end ? Math.min(until.from + end - 1, until.to) : line.to;
    if (to <= from) [from, to] = [line.from, line.to];
    this.view.dispatch(setDiagnostics(this.view.state, [{ from, to, severity: "error", message: text }]));
    this.view.dispatch({ effects: [mark.of({ line: line.number, className: "cm-wrong" }), EditorView.scrollIntoView(from, { y: "nearest", yMargin: 40 })] });
  }
  clearErrors() {
    this.view.dispatch(setDiagnostics(this.view.state, []));
    this.view.dispatch({ effects: mark.of({ line: 0 }) });
  }
  showStep(line, phase) {
    const className = phase === "Forward" ? "cm-step" : phase === "Backward" ? "cm-step-back" : "cm-step-tangent";
    this.view.dispatch({ effects: mark.of({ line, className }) });
  }
}
