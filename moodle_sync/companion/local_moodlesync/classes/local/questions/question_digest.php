<?php
// This file is part of Moodle - https://moodle.org/
//
// Moodle is free software: you can redistribute it and/or modify
// it under the terms of the GNU General Public License as published by
// the Free Software Foundation, either version 3 of the License, or
// (at your option) any later version.
//
// Moodle is distributed in the hope that it will be useful,
// but WITHOUT ANY WARRANTY; without even the implied warranty of
// MERCHANTABILITY or FITNESS FOR A PARTICULAR PURPOSE.  See the
// GNU General Public License for more details.
//
// You should have received a copy of the GNU General Public License
// along with Moodle.  If not, see <https://www.gnu.org/licenses/>.

/**
 * What a stored question says, as one digest.
 *
 * @package    local_moodlesync
 * @copyright  2026 moodle_sync contributors
 * @license    https://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */

namespace local_moodlesync\local\questions;

/**
 * Digests of stored questions, in bulk: text, answers, fractions and feedback, and what else decides of a mark.
 */
final class question_digest {
    /** Tables beside the question itself: columns, and the column that holds the question's id. */
    private const TABLES = [
        'question_answers' => ['question', 'answer, answerformat, fraction, feedback, feedbackformat'],
        'qtype_match_subquestions' => ['questionid', 'questiontext, questiontextformat, answertext'],
        'qtype_multichoice_options' => ['questionid', 'single, shuffleanswers, answernumbering'],
        'qtype_shortanswer_options' => ['questionid', 'usecase'],
        'question_numerical' => ['question', 'answer AS answerid, tolerance'],
        'question_hints' => ['questionid', 'hint, hintformat'],
    ];

    /** Columns of the question. */
    private const QUESTION = [
        'qtype', 'name', 'questiontext', 'questiontextformat', 'generalfeedback', 'generalfeedbackformat', 'penalty',
    ];

    /**
     * The digests of questions.
     *
     * @param int[] $ids question ids
     * @return string[] sha256 in hex, by question id
     */
    public static function of(array $ids): array {
        global $DB;
        if (!$ids) {
            return [];
        }
        $questions = $DB->get_records_list('question', 'id', $ids);
        $children = $DB->get_records_list('question', 'parent', $ids, 'id');
        $details = self::details(array_merge(array_keys($questions), array_keys($children)));
        $digests = [];
        foreach ($questions as $id => $question) {
            $parts = [self::part($question, $details)];
            foreach ($children as $child) {
                if ((int)$child->parent === (int)$id) {
                    $parts[] = self::part($child, $details);
                }
            }
            $digests[$id] = hash('sha256', json_encode($parts, JSON_UNESCAPED_UNICODE | JSON_PARTIAL_OUTPUT_ON_ERROR));
        }
        return $digests;
    }

    /**
     * What a question's row and its details say.
     *
     * @param \stdClass $question row
     * @param array $details of all questions
     * @return array
     */
    private static function part(\stdClass $question, array $details): array {
        $part = [];
        foreach (self::QUESTION as $column) {
            $part[$column] = $column === 'penalty' ? (float)$question->$column : (string)$question->$column;
        }
        return [$part, $details[$question->id] ?? []];
    }

    /**
     * Rows of the tables beside, without ids: those differ from version to version.
     *
     * @param int[] $ids question ids
     * @return array question id => table => list of rows
     */
    private static function details(array $ids): array {
        global $DB;
        $known = $DB->get_tables();
        [$in, $params] = $DB->get_in_or_equal($ids);
        $details = $answers = [];
        foreach (self::TABLES as $table => [$owner, $columns]) {
            if (!isset($known[$table])) {
                continue; // A question type that this site has removed.
            }
            $rows = $DB->get_records_select($table, "$owner $in", $params, 'id', "id, $owner AS owner, $columns");
            foreach ($rows as $row) {
                $list = &$details[$row->owner][$table];
                $list = $list ?? [];
                if ($table === 'question_answers') {
                    $answers[$row->id] = count($list);
                }
                if (isset($row->answerid)) {
                    $row->answerid = $answers[$row->answerid] ?? null;
                }
                unset($row->id, $row->owner);
                $list[] = array_map(fn($value) => is_numeric($value) ? (string)(float)$value : (string)$value, (array)$row);
                unset($list);
            }
        }
        return $details;
    }
}
