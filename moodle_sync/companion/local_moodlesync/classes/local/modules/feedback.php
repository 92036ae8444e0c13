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
 * Feedback questionnaires.
 *
 * @package    local_moodlesync
 * @copyright  2026 moodle_sync contributors
 * @license    https://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */

namespace local_moodlesync\local\modules;

use local_moodlesync\local\failure;
use local_moodlesync\local\feedback\feedback_item;
use local_moodlesync\local\feedback\feedback_items;
use local_moodlesync\local\item;
use local_moodlesync\local\payload;
use local_moodlesync\local\values;

/**
 * The feedback: what learners are asked, by name or anonymously, without a grade.
 */
final class feedback extends module {
    /** What is promised to those who answer: no change once somebody has. */
    private const PROMISES = ['anonymous', 'multiple'];

    #[\Override]
    public function readers(): array {
        $moment = fn(payload $p, string $f) => $p->moment($f);
        $bool = fn(payload $p, string $f) => $p->bool($f);
        return [
            'opens' => $moment,
            'due' => $moment,
            'anonymous' => $bool,
            'multiple' => $bool,
            'items' => feedback_item::parse_list(...),
        ];
    }

    #[\Override]
    public function rules(): array {
        return ['submit'];
    }

    #[\Override]
    public function defaults(): array {
        global $CFG;
        require_once($CFG->dirroot . '/mod/feedback/lib.php');
        return [
            'anonymous' => FEEDBACK_ANONYMOUS_YES,
            'multiple_submit' => 0,
            'email_notification' => 0,
            'autonumbering' => 0,
            'publish_stats' => 0,
            'timeopen' => 0,
            'timeclose' => 0,
            'site_after_submit' => '',
            'page_after_submit' => '',
            'page_after_submitformat' => FORMAT_HTML,
            'page_after_submit_editor' => ['text' => '', 'format' => FORMAT_HTML, 'itemid' => 0],
            'completionsubmit' => 0,
        ];
    }

    #[\Override]
    public function states(array $instances, array $cms): array {
        global $CFG;
        require_once($CFG->dirroot . '/mod/feedback/lib.php');
        $items = (new feedback_items($this->scope))->states($cms);
        return array_map(fn($row) => [
            'opens' => values::moment($row->timeopen),
            'due' => values::moment($row->timeclose),
            'anonymous' => (int)$row->anonymous === FEEDBACK_ANONYMOUS_YES,
            'multiple' => (bool)$row->multiple_submit,
            'items' => $items[$row->id] ?? [],
        ], $instances);
    }

    #[\Override]
    public function check(array $after, array $changes, item $item): void {
        $this->in_order($after, $changes, $item, 'opens', 'due');
    }

    #[\Override]
    public function write(\stdClass $cm, array $changes, item $item): void {
        global $CFG;
        require_once($CFG->dirroot . '/mod/feedback/lib.php');
        foreach (array_intersect(self::PROMISES, array_keys($changes)) as $field) {
            if (feedback_items::answered((int)$cm->instance)) {
                throw new failure('feedbackused', $item->at($field), $item->key);
            }
        }
        $columns = [];
        foreach (array_intersect_key(['opens' => 'timeopen', 'due' => 'timeclose'], $changes) as $field => $column) {
            $columns[$column] = (int)$changes[$field];
        }
        if (isset($changes['anonymous'])) {
            $columns['anonymous'] = $changes['anonymous'] ? FEEDBACK_ANONYMOUS_YES : FEEDBACK_ANONYMOUS_NO;
        }
        if (isset($changes['multiple'])) {
            $columns['multiple_submit'] = (int)$changes['multiple'];
        }
        if (isset($changes['items'])) {
            require_capability('mod/feedback:edititems', \context_module::instance($cm->id));
            (new feedback_items($this->scope))->write($cm, $item);
        }
        if ($columns || isset($changes['items'])) {
            $this->update($cm, $columns);
        }
    }
}
