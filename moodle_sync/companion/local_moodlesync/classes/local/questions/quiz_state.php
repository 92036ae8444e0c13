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
 * The questions of quizzes, read in bulk.
 *
 * @package    local_moodlesync
 * @copyright  2026 moodle_sync contributors
 * @license    https://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */

namespace local_moodlesync\local\questions;

use local_moodlesync\local\values;

/**
 * Reads what stands in the slots of quizzes.
 */
final class quiz_state {
    /**
     * The slots of quizzes, in slot order.
     *
     * @param string[] $idnumbers full keys of quizzes, by quiz id
     * @return array quiz id => list of questions
     */
    public function read(array $idnumbers): array {
        $slots = self::slots(array_keys($idnumbers));
        $digests = question_digest::of(array_filter(array_column($slots, 'questionid')));
        $questions = [];
        foreach ($slots as $slot) {
            $questions[$slot->quizid][] = [
                'key' => self::key($slot, $idnumbers[$slot->quizid]) ?? "?$slot->id",
                'qtype' => $slot->qtype ?? 'random',
                'name' => (string)$slot->name,
                'mark' => values::decimal($slot->maxmark),
                'slot_id' => (int)$slot->id,
                'digest' => $digests[$slot->questionid] ?? null,
            ];
        }
        return $questions;
    }

    /**
     * The id that a file gave to the question of a slot.
     *
     * @param \stdClass $slot row of slots()
     * @param string $idnumber full key of the quiz
     * @return string|null null when it is none of ours
     */
    public static function key(\stdClass $slot, string $idnumber): ?string {
        $prefix = "$idnumber.";
        return str_starts_with((string)$slot->idnumber, $prefix) ? substr($slot->idnumber, strlen($prefix)) : null;
    }

    /**
     * Slots with the question that they show: the pinned version, or the latest one that is no draft.
     *
     * @param int[] $quizids quizzes
     * @return \stdClass[]
     */
    public static function slots(array $quizids): array {
        global $DB;
        if (!$quizids) {
            return [];
        }
        [$in, $params] = $DB->get_in_or_equal($quizids);
        return $DB->get_records_sql(
            "SELECT s.id, s.quizid, s.slot, s.page, s.maxmark, r.version AS pinned, e.id AS entryid, e.idnumber,
                    q.id AS questionid, q.name, q.qtype
               FROM {quiz_slots} s
          LEFT JOIN {question_references} r ON r.component = 'mod_quiz' AND r.questionarea = 'slot' AND r.itemid = s.id
          LEFT JOIN {question_bank_entries} e ON e.id = r.questionbankentryid
          LEFT JOIN {question_versions} v ON v.questionbankentryid = e.id AND v.version = COALESCE(r.version,
                    (SELECT MAX(l.version) FROM {question_versions} l WHERE l.questionbankentryid = e.id AND l.status <> 'draft'))
          LEFT JOIN {question} q ON q.id = v.questionid
              WHERE s.quizid $in
           ORDER BY s.quizid, s.slot",
            $params
        );
    }
}
