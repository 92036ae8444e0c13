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
 * Assignments.
 *
 * @package    local_moodlesync
 * @copyright  2026 moodle_sync contributors
 * @license    https://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */

namespace local_moodlesync\local\modules;

use local_moodlesync\local\failure;
use local_moodlesync\local\item;
use local_moodlesync\local\payload;
use local_moodlesync\local\values;

/**
 * The assignment: work handed in and graded.
 */
final class assign extends graded {
    /** Our words for the submission types. */
    private const TYPES = ['file' => 'file', 'online_text' => 'onlinetext'];

    /** Fields that are one column each. */
    private const COLUMNS = [
        'opens' => 'allowsubmissionsfromdate',
        'due' => 'duedate',
        'cutoff' => 'cutoffdate',
        'draft' => 'submissiondrafts',
        'attempts' => 'maxattempts',
        'grade_max' => 'grade',
    ];

    #[\Override]
    public function readers(): array {
        $moment = fn(payload $p, string $f) => $p->moment($f);
        return [
            'opens' => $moment,
            'due' => $moment,
            'cutoff' => $moment,
            'submit' => fn(payload $p, string $f) => $p->set($f, array_keys(self::TYPES)),
            'draft' => fn(payload $p, string $f) => $p->bool($f),
        ] + parent::readers();
    }

    #[\Override]
    public function rules(): array {
        return ['submit', 'grade', 'pass'];
    }

    #[\Override]
    public function defaults(): array {
        global $CFG;
        $config = get_config('assign');
        $settings = ['grade' => $CFG->gradepointdefault ?? 100, 'maxattempts' => 1, 'attemptreopenmethod' => 'untilpass'];
        foreach (
            ['alwaysshowdescription', 'submissiondrafts', 'requiresubmissionstatement', 'sendnotifications',
                'sendlatenotifications', 'sendstudentnotifications', 'teamsubmission', 'requireallteammemberssubmit',
                'preventsubmissionnotingroup', 'blindmarking', 'hidegrader', 'markingworkflow', 'markingallocation',
                'markinganonymous', 'maxattempts', 'attemptreopenmethod'] as $name
        ) {
            $settings[$name] = $config->$name ?? $settings[$name] ?? 0;
        }
        if ($settings['attemptreopenmethod'] === 'none') { // Is in old databases, but no longer means anything.
            $settings['attemptreopenmethod'] = 'untilpass';
        }
        foreach (['allowsubmissionsfromdate', 'duedate', 'cutoffdate', 'gradingduedate', 'timelimit'] as $name) {
            $settings[$name] = 0;
        }
        foreach (['assignsubmission', 'assignfeedback'] as $subtype) {
            foreach (array_keys(\core_component::get_plugin_list($subtype)) as $type) {
                $settings["{$subtype}_{$type}_enabled"] = (int)get_config("{$subtype}_{$type}", 'default');
            }
        }
        return $settings + self::file_settings() + [
            'assignsubmission_onlinetext_wordlimit' => 0,
            'assignfeedback_comments_commentinline' => (int)get_config('assignfeedback_comments', 'inline'),
        ];
    }

    #[\Override]
    public function states(array $instances, array $cms): array {
        $pass = $this->grades_to_pass('assign', array_keys($instances));
        $enabled = $this->enabled_types(array_keys($instances));
        $states = [];
        foreach ($instances as $id => $row) {
            $states[$id] = [
                'opens' => values::moment($row->allowsubmissionsfromdate),
                'due' => values::moment($row->duedate),
                'cutoff' => values::moment($row->cutoffdate),
                'submit' => $enabled[$id] ?? [],
                'draft' => (bool)$row->submissiondrafts,
                'attempts' => $row->attemptreopenmethod === 'none' ? 1 : max(0, (int)$row->maxattempts),
                'grade_max' => $row->grade > 0 ? values::decimal($row->grade) : null,
                'grade_pass' => $pass[$id] ?? null,
            ];
        }
        return $states;
    }

    #[\Override]
    public function check(array $after, array $changes, item $item): void {
        parent::check($after, $changes, $item);
        $this->in_order($after, $changes, $item, 'opens', 'due', 'cutoff');
        if (isset($changes['grade_max']) && !preg_match('~^[1-9]\d*\z~', $changes['grade_max'])) {
            throw failure::payload($item->at('grade_max'), 'must be a whole number above 0: Moodle keeps no other for assignments');
        }
    }

    #[\Override]
    public function write(\stdClass $cm, array $changes, item $item): void {
        global $CFG;
        require_once($CFG->dirroot . '/mod/assign/lib.php');
        require_once($CFG->dirroot . '/mod/assign/locallib.php');
        if (isset($changes['grade_max']) && $this->grade_item($cm)?->has_grades()) {
            throw new failure('gradesexist', $item->at('grade_max'));
        }
        $columns = [];
        foreach (array_intersect_key(self::COLUMNS, $changes) as $field => $column) {
            $columns[$column] = (int)$changes[$field];
        }
        if (isset($changes['attempts'])) {
            $columns['maxattempts'] = $changes['attempts'] ?: ASSIGN_UNLIMITED_ATTEMPTS;
        }
        if ($columns) {
            $this->update($cm, $columns);
            assign_grade_item_update($this->record_for_gradebook($cm));
        }
        if (isset($changes['submit'])) {
            $this->write_types($cm, $changes['submit'], $item);
        }
        $this->write_grade_to_pass($cm, $changes, $item);
    }

    /**
     * Switches submission types on and off.
     *
     * @param \stdClass $cm course module
     * @param string[] $wanted our words for those that are to be on
     * @param item $item the item
     */
    private function write_types(\stdClass $cm, array $wanted, item $item): void {
        $assign = new \assign(\context_module::instance($cm->id), null, null);
        foreach (self::TYPES as $word => $type) {
            $plugin = $assign->get_submission_plugin_by_type($type);
            if (!in_array($word, $wanted, true)) {
                $plugin?->disable();
                continue;
            }
            if (!$plugin || !$plugin->is_visible()) {
                throw new failure('plugindisabled', $item->at('submit'), "assignsubmission_$type");
            }
            $plugin->enable();
            if ($type === 'file' && $plugin->get_config('maxfilesubmissions') === false) {
                $plugin->save_settings((object)self::file_settings());
            }
        }
        // A fresh object: plugins remember whether they were enabled.
        $assign = new \assign(\context_module::instance($cm->id), null, null);
        $this->update($cm, ['nosubmissions' => (int)!$assign->is_any_submission_plugin_enabled()]);
    }

    /**
     * The site's defaults for files that are handed in.
     *
     * @return array
     */
    private static function file_settings(): array {
        $config = get_config('assignsubmission_file');
        return [
            'assignsubmission_file_maxfiles' => $config->maxfiles ?? 20,
            'assignsubmission_file_maxsizebytes' => 0,
            'assignsubmission_file_filetypes' => $config->filetypes ?? '',
        ];
    }

    /**
     * The submission types that are on, in bulk.
     *
     * @param int[] $instances ids of assignments
     * @return array instance id => our words, sorted
     */
    private function enabled_types(array $instances): array {
        global $DB;
        if (!$instances) {
            return [];
        }
        [$in, $params] = $DB->get_in_or_equal($instances, SQL_PARAMS_NAMED);
        $rows = $DB->get_records_select(
            'assign_plugin_config',
            "subtype = 'assignsubmission' AND name = 'enabled' AND assignment $in",
            $params,
            'id',
            'id, assignment, plugin, value'
        );
        $enabled = [];
        foreach ($rows as $row) {
            $word = array_search($row->plugin, self::TYPES, true);
            if ($word !== false && $row->value) {
                $enabled[$row->assignment][] = $word;
            }
        }
        return array_map(function ($words) {
            sort($words);
            return $words;
        }, $enabled);
    }
}
